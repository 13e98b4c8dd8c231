-- Attack: learn from words, SQLSTATE, DETAIL, HINT or CONTEXT why a token was refused, or
-- which users, sessions, keys or roles there are; a signature guessed byte by byte.
-- Holds: one SQLSTATE and one message for every reason, and nothing beside it; what
-- compares secrets takes no time that tells (src/pure/crypto_primitives.c, crypto_equal()).
-- Guards: src/base/errors.c, result_raise(); src/verify/verify.c, verify_raise().
SELECT plan(10);
\ir people.psql
CREATE EXTENSION pgcrypto;
SELECT session_auth.add_key('k', 'HS256', repeat('k', 40), 'https://issuer') \g /dev/null
SELECT session_auth.add_authjs_secret('a secret of an application') \g /dev/null
SELECT session_auth.add_cookie_secret('better-auth', 'another secret'), session_auth.add_cookie_secret('express', 'a third secret') \g /dev/null
CREATE FUNCTION public.said(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE m text; d text; h text; c text; x text;
BEGIN
  EXECUTE statement;
  RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT, x = TABLE_NAME, c = CONSTRAINT_NAME;
  RETURN concat_ws('|', SQLSTATE, m, d, h, x, c);
END $$;
SELECT token AS ended, session_id AS ended_id FROM session_auth.create_session('alice') \gset
SELECT session_auth.expire_session(:'ended_id'::uuid) \g /dev/null
SELECT token AS rotated FROM session_auth.create_session('alice') \gset
SELECT session_auth.rotate_session(:'rotated') \g /dev/null
SELECT token AS idle, session_id AS idle_id FROM session_auth.create_session('alice') \gset
UPDATE session_auth.sessions SET expires_at = now() - interval '1 hour' WHERE session_id = :'idle_id';
SELECT session_auth.issue_token('alice', '1 hour', '{}', 'k') AS jwt \gset
SELECT session_auth.issue_token('alice', '1 hour', '{}', 'k') AS revoked \gset
SELECT session_auth.revoke_token(v.claims ->> 'jti') FROM session_auth.verify_session(:'revoked') v \g /dev/null
SET session_auth.rotation_grace = 0;
CREATE TABLE bad (what text, token text);
INSERT INTO bad VALUES ('none', NULL), ('empty', ''), ('unknown', 'sat_' || repeat('A', 43)), ('ended', :'ended'), ('expired', :'idle'), ('rotated away', :'rotated'), ('too long', repeat('a', 20000)),
  ('no form', 'no form at all!'), ('another''s form', gen_random_uuid()::text), ('revoked', :'revoked'), ('a changed signature', overlay(:'jwt' placing CASE right(:'jwt', 1) WHEN 'A' THEN 'E' ELSE 'A' END from length(:'jwt'))),
  ('an unknown kid', translate(encode('{"alg":"HS256","kid":"x"}', 'base64'), '=', '') || '.e30.' || repeat('A', 43)), ('alg none', 'eyJhbGciOiJub25lIn0.e30.AA'), ('not JSON', 'AAAA.AAAA.' || repeat('A', 43)),
  ('a JWE of nobody', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA'), ('express', 's:' || repeat('a', 32) || '.' || repeat('A', 43)), ('better-auth', repeat('a', 32) || '.' || repeat('A', 43) || '='), ('binary', E'\x01\x02\x7f');
GRANT SELECT ON bad TO PUBLIC;
SET ROLE sa_request;
SELECT set_eq($$SELECT said(format('SELECT session_auth.authenticate(%L)', token)) FROM bad$$, ARRAY['28000|invalid or expired session token||||'], 'authenticate says one thing');
SELECT set_eq($$SELECT said(format('SELECT session_auth.authenticate_request(%L, NULL)', 'authjs.session-token=' || token)) FROM bad WHERE token <> ''$$, ARRAY['28000|invalid or expired session token||||'], 'so does authenticate_request, of a cookie');
SELECT set_eq($$SELECT said(format('SELECT session_auth.authenticate_request(NULL, %L)', 'Bearer ' || token)) FROM bad WHERE token <> ''$$, ARRAY['28000|invalid or expired session token||||'], '… and of a header');
SELECT is((SELECT count(v.user_id) FROM bad, LATERAL session_auth.verify_session(token) v), 0::bigint, 'verify_session gives no row and says nothing');
RESET ROLE;
SET ROLE sa_issuer;
SELECT set_eq($$SELECT said(format('SELECT session_auth.refresh_session(%L)', token)) FROM bad$$, ARRAY['28000|invalid or expired session token||||'], 'refresh_session too');
SELECT set_eq($$SELECT said(format('SELECT session_auth.rotate_session(%L)', token)) FROM bad$$, ARRAY['28000|invalid or expired session token||||'], 'and rotate_session');
SELECT is(said(format('SELECT session_auth.create_session(''mallory'', token => %L)', gen_random_uuid())), 'accepted', 'a token of a framework');
RESET ROLE;
SELECT unalike(said(format('INSERT INTO session_auth.sessions SELECT gen_random_uuid(), token_key, created_at, expires_at, last_seen_at, lifetime, token_hash, user_id FROM session_auth.sessions LIMIT 1')), '%token_hash%', 'an index''s error is of the short key alone');
SET ROLE sa_request;
-- what does not exist and what is not granted are one
SELECT is(session_auth.has_permission(r, 'view', 'accounts'), false, 'a role that does not exist answers as one without the permission: ' || r) FROM unnest('{USER,NO SUCH ROLE}'::text[]) r;

SELECT * FROM finish();
