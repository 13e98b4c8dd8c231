-- Attack: what an application's tables hold, presented as a token: stored digests, digests of
-- tokens for other purposes, ids, tokens that a framework signs, without the signature. Roles of
-- one organization used in another, roles that outlive their row, rows that name the session of
-- another table, partitions that leave with their sessions open.
-- Holds: only what a client was given opens a session, and a role is there as long as a row says so.
-- Guards: src/pure/adopted_token.c, src/pure/symfony.c, src/pure/session_key.c, src/sql/adopted_row.c, src/sql/sql_adopt.c is_of();
-- session_needs_proof() in src/verify/session.c, bind_tenant() in src/verify/verify.c; sql/parts/adopt_*.sql.
SELECT plan(38);
SET client_min_messages = error;
CREATE FUNCTION public.opens(token text, tenant text DEFAULT NULL) RETURNS text LANGUAGE sql
AS $$ SELECT coalesce((SELECT v.user_id FROM session_auth.verify_session(token, tenant) v), 'nobody') $$;
CREATE FUNCTION public.roles_of(who text) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(string_agg(u.role || coalesce('@' || u.tenant, ''), ' ' ORDER BY u.role, u.tenant), '') FROM session_auth.user_roles u WHERE u.user_id = who $$;

-- who reads a table of digests has no token
\set token 'cookie-0123456789abcdefghijklmnop'
SELECT encode(sha256(:'token'::bytea), 'hex') AS hex, encode(sha256(:'token'::bytea), 'base64') AS base64 \gset
CREATE TABLE digests (token text, who text, until timestamptz);
INSERT INTO digests VALUES (:'hex', 'ann', '2100-01-01');
SELECT throws_ok($$SELECT session_auth.adopt_sessions('digests', 'token', 'who', 'until')$$, '22023', 'invalid token_form', 'digests are not adopted as tokens');
INSERT INTO digests VALUES ('plain-0123456789abcdefghijklmnop', 'ben', '2100-01-01');
SELECT session_auth.adopt_sessions('digests', 'token', 'who', 'until') \g /dev/null
SELECT is(opens(:'hex'), 'nobody', 'nor beside others');
INSERT INTO digests VALUES (encode(sha256('another'), 'hex'), 'cid', '2100-01-01');
UPDATE digests SET token = encode(sha256('third'), 'hex') WHERE who = 'ben';
SELECT is(opens(encode(sha256('another'), 'hex')) || opens(encode(sha256('third'), 'hex')), 'nobodynobody', 'nor when they come later');
SELECT session_auth.adopt_sessions('digests', 'token', 'who', 'until', token_form => 'sha256-hex') \g /dev/null
SELECT is(opens(:'token'), 'ann', 'the token opens');
SELECT is(opens(:'hex') || opens(upper(:'hex')) || opens(:'base64'), 'nobodynobodynobody', 'its digest does not, however it is written');
UPDATE digests SET token = repeat('0', 64) WHERE who = 'cid';
SELECT is_empty($$SELECT FROM session_auth.sessions WHERE user_id = 'cid' AND ended_at IS NULL$$, 'a digest of nothing is none');

-- tokens for other purposes lie beside sessions
CREATE TABLE users_tokens (who text, token text, context text, until timestamptz);
INSERT INTO users_tokens VALUES ('ann', 'session-0123456789abcdefghijklmno', 'session', '2100-01-01'), ('ann', 'reset-0123456789abcdefghijklmnopq', 'reset_password', '2100-01-01');
SELECT session_auth.adopt_sessions('users_tokens', 'token', 'who', 'until', where_column => 'context', where_value => 'session') \g /dev/null
INSERT INTO users_tokens VALUES ('ann', 'email-0123456789abcdefghijklmnopq', 'change:session', '2100-01-01'), ('ann', 'empty-0123456789abcdefghijklmnopq', NULL, '2100-01-01');
SELECT is(opens('session-0123456789abcdefghijklmno'), 'ann', 'a session opens');
SELECT is(opens('reset-0123456789abcdefghijklmnopq') || opens('email-0123456789abcdefghijklmnopq') || opens('empty-0123456789abcdefghijklmnopq'), 'nobodynobodynobody', 'a reset or e-mail token does not');

-- ids are no secrets
CREATE TABLE ids (id bigint, who text, until timestamptz);
CREATE TABLE long_ids (id text, who text, until timestamptz);
INSERT INTO ids VALUES (1, 'ann', '2100-01-01');
INSERT INTO long_ids VALUES ('id-0123456789abcdefghijklmnopqrst', 'ann', '2100-01-01');
SELECT session_auth.adopt_sessions('ids', 'id', 'who', 'until', token_form => 'id') \g /dev/null
SELECT session_auth.adopt_sessions('long_ids', 'id', 'who', 'until', token_form => 'id') \g /dev/null
SELECT is(opens('1') || opens('id-0123456789abcdefghijklmnopqrst'), 'nobodynobody', 'an id opens nothing');
SELECT is_empty($$SELECT FROM session_auth.sessions WHERE token_hash = sha256('id-0123456789abcdefghijklmnopqrst')$$, 'it is not looked up as a token');
SELECT is(bool_and(signed_only), true, 'and asks for a cookie''s proof') FROM session_auth.sessions WHERE session_id IN (SELECT session_auth.sessions_of_source('ids'::regclass) UNION SELECT session_auth.sessions_of_source('long_ids'::regclass));

-- a token that the framework signs, read in the table
CREATE TABLE signs (token text, who text, until timestamptz);
INSERT INTO signs VALUES ('signed-0123456789abcdefghijklmnop', 'ann', '2100-01-01');
SELECT session_auth.adopt_sessions('signs', 'token', 'who', 'until') \g /dev/null
SELECT current_setting('data_directory') || '/adoption_secret' AS file \gset
SELECT format('COPY (SELECT %L) TO %L', 'the secret of an application', :'file') \gexec
SELECT session_auth.add_cookie_secret('better-auth', 'file:' || :'file') \g /dev/null
SELECT format('COPY (SELECT WHERE false) TO %L', :'file') \gexec
SELECT is(opens('signed-0123456789abcdefghijklmnop'), 'nobody', 'a bare token of a framework that signs opens nothing, even while the secret is away');
SELECT is(session_auth.expire_session('signed-0123456789abcdefghijklmnop'::text), false, 'nor does it end the session');
SELECT throws_ok($$SELECT session_auth.authenticate('signed-0123456789abcdefghijklmnop')$$, '28000', 'invalid or expired session token', 'as any refused token');
SELECT session_auth.drop_cookie_secret('better-auth', 'file:' || :'file') \g /dev/null

-- a token in Symfony's session that is not one of somebody who is in
CREATE FUNCTION public.symfony(class text, authenticated text, who text DEFAULT 'ann') RETURNS bytea LANGUAGE sql AS $$
  SELECT convert_to(format('_sf2_attributes|a:1:{s:14:"_security_main";s:%s:"%s";}', length(t), t), 'UTF8')
  FROM (SELECT format('O:%s:"%s":3:{i:0;N;i:1;s:4:"main";i:2;a:2:{i:0;O:4:"User":1:{s:2:"id";s:%s:"%s";}i:1;b:%s;}}', length(class), class, length(who), who, authenticated)) v (t) $$;
\set class 'Symfony\\Component\\Security\\Core\\Authentication\\Token\\UsernamePasswordToken'
CREATE TABLE php (id text, data bytea, until timestamptz);
SELECT session_auth.adopt_sessions('php', 'id', 'data', 'until', user_form => 'symfony', user_path => '{_security_main,id}') \g /dev/null
INSERT INTO php VALUES ('in-0123456789abcdefghijklmnopqrst', symfony(:'class', '1'), '2100-01-01'), ('half-0123456789abcdefghijklmnopqr', symfony('Scheb\TwoFactorBundle\Security\Authentication\Token\TwoFactorToken', '1'), '2100-01-01'), ('not-0123456789abcdefghijklmnopqrs', symfony(:'class', '0'), '2100-01-01'), ('zero-0123456789abcdefghijklmnopqr', symfony(:'class', '1', 'ann~x'), '2100-01-01');
UPDATE php SET data = overlay(data PLACING '\x00' FROM position('\x7e'::bytea IN data)) WHERE id LIKE 'zero%';
SELECT is(opens('in-0123456789abcdefghijklmnopqrst'), 'ann', 'Symfony''s own token opens');
SELECT is(opens('half-0123456789abcdefghijklmnopqr'), 'nobody', 'one of somebody who lacks a second factor does not');
SELECT is(opens('not-0123456789abcdefghijklmnopqrs'), 'nobody', 'nor one that is not authenticated');
SELECT is(opens('zero-0123456789abcdefghijklmnopqr'), 'nobody', 'nor one whose name goes on behind a zero byte');

-- the session of an organization in another one
SELECT session_auth.create_role('ADMIN'), session_auth.grant_role('ann', 'ADMIN', 'other') \g /dev/null
CREATE TABLE active (token text, who text, until timestamptz, org text);
INSERT INTO active VALUES ('active-0123456789abcdefghijklmnop', 'ann', '2100-01-01', 'acme'), ('nowhere-0123456789abcdefghijklmno', 'ann', '2100-01-01', NULL);
SELECT session_auth.adopt_sessions('active', 'token', 'who', 'until', tenant_column => 'org') \g /dev/null
SELECT is(opens('active-0123456789abcdefghijklmnop', 'acme') || opens('active-0123456789abcdefghijklmnop', 'other'), 'annnobody', 'a session of one organization is none of another');
SELECT is(opens('nowhere-0123456789abcdefghijklmno', 'other'), 'nobody', 'nor is one of none');

-- rows that name what is another's
CREATE TABLE thieves (id text, who text, until timestamptz);
SELECT session_auth.adopt_sessions('thieves', 'id', 'who', 'until', token_form => 'id') \g /dev/null
INSERT INTO thieves VALUES ('1', 'eve', '2100-01-01');
SELECT is((SELECT string_agg(user_id, ',') FROM session_auth.sessions WHERE session_id IN (SELECT session_auth.sessions_of_source('ids'::regclass))), 'ann', 'a row that names the id of another table''s session does not take it over');
SELECT session_auth.adopt_sessions('thieves', 'id', 'who', 'until', token_form => 'id') \g /dev/null
DELETE FROM thieves;
SELECT is((SELECT user_id || (ended_at IS NULL) FROM session_auth.sessions WHERE session_id IN (SELECT session_auth.sessions_of_source('ids'::regclass))), 'anntrue', 'nor end it, nor when adopted again');
SELECT session_id AS own FROM session_auth.create_session('frank', token => 'frank-0123456789abcdefghijklmnopq') \gset
INSERT INTO signs VALUES ('frank-0123456789abcdefghijklmnopq', 'eve', '2100-01-01');
SELECT is(opens('frank-0123456789abcdefghijklmnopq'), 'frank', 'nor one that was created here');
DELETE FROM signs WHERE who = 'eve';
SELECT is(opens('frank-0123456789abcdefghijklmnopq'), 'frank', 'nor end that');

-- roles of one organization
CREATE TABLE member (id serial PRIMARY KEY, "organizationId" text, "userId" text, role text);
INSERT INTO member ("organizationId", "userId", role) VALUES ('acme', 'gus', 'OWNER'), ('other', 'gus', 'GUEST'), (NULL, 'gus', 'ROOT');
SELECT throws_ok($$SELECT session_auth.adopt_roles('member', 'userId', 'role')$$, '22023', 'invalid tenant_column', 'roles of organizations are not taken for roles everywhere');
SELECT session_auth.adopt_roles('member', 'userId', 'role', tenant_column => 'organizationId') \g /dev/null
SELECT token AS gus FROM session_auth.create_session('gus') \gset
SELECT is((SELECT roles::text FROM session_auth.verify_session(:'gus', 'other')), '{GUEST}', 'an owner of one organization is none of another');
SELECT is((SELECT roles::text FROM session_auth.verify_session(:'gus')), '{}', 'and a role of no organization holds nowhere');
-- each row takes its own, and no more
INSERT INTO member ("organizationId", "userId", role) VALUES ('acme', 'gus', 'OWNER'), ('acme', 'gus', 'EDITOR');
DELETE FROM member WHERE role = 'EDITOR';
SELECT is(roles_of('gus') || ' ' || opens(:'gus'), 'GUEST@other OWNER@acme gus', 'deleting one row takes its role alone, and ends nothing');
DELETE FROM member WHERE id = 1;
SELECT is(roles_of('gus'), 'GUEST@other OWNER@acme', 'a role stays as long as a row says so');
DELETE FROM member WHERE role = 'OWNER';
SELECT is(roles_of('gus'), 'GUEST@other', 'and no longer');

-- partitions that leave
CREATE TABLE logins (token text, who text, until timestamptz) PARTITION BY LIST (who);
CREATE TABLE few PARTITION OF logins FOR VALUES IN ('pat');
CREATE TABLE rest PARTITION OF logins DEFAULT;
INSERT INTO logins VALUES ('pat-0123456789abcdefghijklmnopqrs', 'pat', '2100-01-01'), ('quin-0123456789abcdefghijklmnopqr', 'quin', '2100-01-01');
SELECT session_auth.adopt_sessions('logins', 'token', 'who', 'until') \g /dev/null
TRUNCATE few;
SELECT is(opens('pat-0123456789abcdefghijklmnopqrs') || opens('quin-0123456789abcdefghijklmnopqr'), 'nobodyquin', 'a partition that is emptied');
ALTER TABLE logins DETACH PARTITION rest;
SELECT is(opens('quin-0123456789abcdefghijklmnopqr'), 'nobody', 'and one that is detached leave no session open');

-- a column is no row, whatever it is called
CREATE TYPE another_row AS (token text, who text, until timestamptz);
CREATE TABLE named_s (token text PRIMARY KEY, who text, until timestamptz, s another_row);
INSERT INTO named_s VALUES ('own-0123456789abcdefghijklmnopqrs', 'ann', '2100-01-01', ROW('made-0123456789abcdefghijklmnopqr', 'admin', '2100-01-01'));
SELECT session_auth.adopt_sessions('named_s', 'token', 'who', 'until', signed_only => false) \g /dev/null
SELECT is(opens('own-0123456789abcdefghijklmnopqrs') || opens('made-0123456789abcdefghijklmnopqr'), 'annnobody', 'what a column of the name s holds is no session');
CREATE TABLE parts_s (token text, s text, until timestamptz) PARTITION BY LIST (s);
CREATE TABLE part_s PARTITION OF parts_s DEFAULT;
INSERT INTO parts_s VALUES ('part-0123456789abcdefghijklmnopqr', 'pat', '2100-01-01');
SELECT session_auth.adopt_sessions('parts_s', 'token', 's', 'until', signed_only => false) \g /dev/null
SELECT is(opens('part-0123456789abcdefghijklmnopqr'), 'pat', '… but the user of one so called is');
DROP TABLE part_s;
SELECT is(opens('part-0123456789abcdefghijklmnopqr'), 'nobody', '… as long as the partition is there');
CREATE TABLE people_s (id text PRIMARY KEY, s text, org text, banned boolean, ban_expires timestamptz);
INSERT INTO people_s VALUES ('sue', 'CHIEF', 'acme', false, NULL), ('sid', 'CLERK', 'acme', true, '2100-01-01');
SELECT session_auth.adopt_roles('people_s', 'id', 's', tenant_column => 'org') \g /dev/null
SELECT is(roles_of('sue') || roles_of('sid'), 'CHIEF@acmeCLERK@acme', 'roles of a column so called');
SELECT is((SELECT user_id FROM session_auth.bans WHERE source::oid = 'people_s'::regclass), 'sid', '… beside bans');
TRUNCATE people_s;
SELECT is(roles_of('sue'), '', '… and they go with a TRUNCATE');

SELECT * FROM finish();
