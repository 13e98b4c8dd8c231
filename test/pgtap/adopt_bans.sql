-- Bans that a table of users says, and who acts in a session as its user: options, what
-- becomes of rows that come, change and go, what is refused. Siblings: adopt_roles.sql,
-- adopt_sessions.sql; test/attacks/banned_users.sql; test/npm/frameworks/better-auth.mjs.
SELECT plan(76);
\ir adoption.psql

CREATE FUNCTION public.acts(token text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE said text;
BEGIN
  PERFORM session_auth.authenticate(token);
  said := concat_ws(' as ', session_auth.actor(), session_auth.user_id());
  PERFORM session_auth.deauthenticate();
  RETURN said;
EXCEPTION WHEN invalid_authorization_specification THEN
  RETURN 'nobody';
END $$;
CREATE FUNCTION public.options_of(source regclass) RETURNS text LANGUAGE sql
AS $$ SELECT (options - 'token_form')::text FROM session_auth.list_adoptions() l WHERE l.source = $1 $$;
CREATE FUNCTION public.banned() RETURNS text LANGUAGE sql
AS $$ SELECT coalesce(string_agg(user_id, ' ' ORDER BY user_id), '') FROM session_auth.bans WHERE until > clock_timestamp() $$;
CREATE FUNCTION public.missed() RETURNS text LANGUAGE sql
AS $$ SELECT coalesce(string_agg(object || ': ' || problem, ' ' ORDER BY object), '') FROM session_auth.check_policies() WHERE problem LIKE '%does not follow%' $$;
SET client_min_messages = error;

-- who acts
CREATE TABLE session (token text, "userId" text, "expiresAt" timestamptz, "activeOrganizationId" text, "impersonatedBy" text);
INSERT INTO session VALUES ('ada-0123456789abcdefghijklmnopqrs', 'ada', '2100-01-01', NULL, NULL), ('uwe-by-ada-0123456789abcdefghijkl', 'uwe', '2100-01-01', 'acme', 'ada');
SELECT is(session_auth.adopt_sessions('session', 'token', 'userId', 'expiresAt', tenant_column => 'activeOrganizationId'), 2::bigint, 'better-auth''s table is taken over');
SELECT is(options_of('session'), '{"actor_column": "impersonatedBy"}', 'its column impersonatedBy is the actor''s');
SELECT is(acts('ada-0123456789abcdefghijklmnopqrs'), 'ada', 'nobody acts in a session of one''s own');
SELECT is(acts('uwe-by-ada-0123456789abcdefghijkl'), 'ada as uwe', 'an administrator acts in the other');
INSERT INTO session VALUES ('eve-by-ada-0123456789abcdefghijkl', 'eve', '2100-01-01', NULL, 'ada');
SELECT is(acts('eve-by-ada-0123456789abcdefghijkl'), 'ada as eve', 'as in one that comes later');
SELECT is((SELECT actor FROM session_auth.session_events WHERE event = 'session_created' AND user_id = 'eve'), 'ada', 'the event says who has opened it');
BEGIN;
SELECT is((SELECT tenant FROM session_auth.authenticate('uwe-by-ada-0123456789abcdefghijkl')), 'acme', 'the active organization is the tenant');
SELECT session_auth.sign_out() \g /dev/null
COMMIT;
SELECT is((SELECT actor FROM session_auth.session_events WHERE event = 'session_ended' AND user_id = 'uwe'), 'ada', 'and what is done in it is the administrator''s');
UPDATE session SET "impersonatedBy" = 'root' WHERE "userId" = 'eve';
SELECT is(acts('eve-by-ada-0123456789abcdefghijkl'), 'root as eve', 'a row that changes its actor');
UPDATE session SET "impersonatedBy" = NULL WHERE "userId" = 'eve';
SELECT is(acts('eve-by-ada-0123456789abcdefghijkl'), 'eve', 'or has none any more');
UPDATE session SET "impersonatedBy" = E'ro\not' WHERE "userId" = 'eve';
SELECT is(acts('eve-by-ada-0123456789abcdefghijkl'), 'nobody', 'an actor that cannot be named does not pass for the user');
SELECT is(user_id, 'ada', 'an identity of a connection') FROM session_auth.authenticate('ada-0123456789abcdefghijklmnopqrs', scope => 'connection');
SELECT is(session_auth.actor(), NULL, 'has no actor');
UPDATE session SET "impersonatedBy" = 'root' WHERE "userId" = 'ada';
SELECT is(session_auth.actor(), 'root', 'until its row says so');
SELECT session_auth.deauthenticate() \g /dev/null
SELECT is(session_auth.adopt_sessions('session', 'token', 'userId', 'expiresAt', actor_column => ''), 1::bigint, 'repeated without it, one session changes');
SELECT is(options_of('session') || acts('ada-0123456789abcdefghijklmnopqrs'), '{"actor_column": ""}ada', 'an empty name is no column');
SELECT is(missed(), '', 'and check_policies knows that it was said');
ALTER TABLE session RENAME "impersonatedBy" TO by;
SELECT session_auth.adopt_sessions('session', 'token', 'userId', 'expiresAt') \g /dev/null
SELECT is(missed(), '', 'a column of another name says nothing');
ALTER TABLE session RENAME by TO "impersonatedBy";
SELECT is(missed(), 'public.session: adopt_sessions does not follow its column "impersonatedBy": who acts as a user passes for the user', 'one that comes later is noticed');
SELECT is(session_auth.adopt_sessions('session', 'token', 'userId', 'expiresAt', actor_column => ''), 0::bigint, 'nothing has changed');
SELECT is(session_auth.adopt_sessions('session', 'token', 'userId', 'expiresAt'), 1::bigint, 'and once more with it');
SELECT is(acts('ada-0123456789abcdefghijklmnopqrs'), 'root as ada', 'it counts again');
SELECT is(detail_of($$SELECT session_auth.adopt_sessions('session', 'token', 'userId', 'expiresAt', actor_column => 'by')$$), 'invalid actor_column: Table public.session has no stored column "by".', 'a column that is not there');
SELECT is(detail_of($$SELECT session_auth.adopt_sessions('session', 'token', 'userId', 'expiresAt', actor_column => 'expiresAt')$$), 'invalid actor_column: Column "expiresAt" of table public.session is of type timestamp with time zone; it must be one of: text, uuid, integer.', 'or of another type');
CREATE TABLE another (token text, who bigint, until timestamptz, impersonated_by boolean, "by" bigint);
INSERT INTO another VALUES ('num-0123456789abcdefghijklmnopqrs', 7, '2100-01-01', true, 1);
SELECT is(session_auth.adopt_sessions('another', 'token', 'who', 'until'), 1::bigint, 'a flag of that name is not taken for one');
SELECT is(options_of('another') || acts('num-0123456789abcdefghijklmnopqrs'), '{}7', 'nor counts');
SELECT session_auth.adopt_sessions('another', 'token', 'who', 'until', actor_column => 'by') \g /dev/null
SELECT is(acts('num-0123456789abcdefghijklmnopqrs'), '1 as 7', 'another column, of numbers');

-- bans
CREATE TABLE "user" (id text PRIMARY KEY, name text, role text, banned boolean, "banReason" text, "banExpires" timestamptz);
INSERT INTO "user" (id, role, banned, "banExpires") VALUES ('ann', 'admin,user', NULL, NULL), ('ben', 'user', true, NULL), ('cid', 'user', true, now() - interval '1 hour'), ('dan', 'user', false, NULL), ('fay', 'user', true, '2100-01-01');
SELECT token AS ann FROM session_auth.create_session('ann') \gset
SELECT token AS ben FROM session_auth.create_session('ben') \gset
SELECT token AS cid FROM session_auth.create_session('cid') \gset
SELECT token AS dan FROM session_auth.create_session('dan') \gset
SELECT is(session_auth.adopt_roles('"user"', 'id', 'role', separator => ','), 6::bigint, 'better-auth''s table of users is taken over');
SELECT is(options_of('"user"'), '{"separator": ",", "banned_column": "banned", "ban_expires_column": "banExpires"}', 'its bans are known by their names');
SELECT is(banned(), 'ben fay', 'who is banned now is');
SELECT is(concat_ws(' ', who(:'ann'), who(:'ben'), who(:'cid'), who(:'dan')), 'ann nobody cid dan', 'and has no session any more');
SELECT is(session_auth.adopt_roles('"user"', 'id', 'role', separator => ','), 0::bigint, 'repeated');
SELECT is((SELECT count(*) FROM session_auth.session_events WHERE event = 'user_banned'), 2::bigint, 'it bans nobody twice');
SELECT session_auth.add_key(NULL, 'HS256', '0123456789abcdef0123456789abcdef') \g /dev/null
SELECT session_auth.issue_token('dan', '1 hour') AS jwt \gset
SELECT is(who(:'jwt'), 'dan', 'a signed token');
UPDATE "user" SET name = 'Dan' WHERE id = 'dan';
UPDATE "user" SET banned = true WHERE id = 'dan';
SELECT is(who(:'dan') || ' ' || who(:'jwt'), 'nobody nobody', 'a ban ends the session at once, and the signed token');
SELECT is((SELECT ended_by FROM session_auth.sessions WHERE user_id = 'dan'), 'administrator', 'by an administrator');
SELECT is((SELECT detail FROM session_auth.session_events WHERE event = 'user_banned' AND user_id = 'dan'), '{"until": "infinity", "source": "public.\"user\""}', 'which is recorded');
SELECT token AS later FROM session_auth.create_session('dan') \gset
SELECT is(who(:'later'), 'nobody', 'a session that is created meanwhile opens nothing');
SELECT session_auth.issue_token('dan', '1 hour') AS later_jwt \gset
SELECT is(who(:'later_jwt'), 'nobody', 'nor does a signed token');
UPDATE "user" SET name = 'Dana' WHERE id = 'dan';
SELECT is((SELECT count(*) FROM session_auth.session_events WHERE event = 'user_banned' AND user_id = 'dan'), 1::bigint, 'a row that says what it said is no other ban');
INSERT INTO session VALUES ('dan-0123456789abcdefghijklmnopqrs', 'dan', '2100-01-01', NULL, NULL);
SELECT is(who('dan-0123456789abcdefghijklmnopqrs'), 'nobody', 'a row of a session that comes meanwhile is not taken over');
UPDATE "user" SET banned = false WHERE id = 'dan';
SELECT is(who(:'dan') || ' ' || who(:'jwt') || ' ' || who('dan-0123456789abcdefghijklmnopqrs'), 'nobody nobody nobody', 'the end of the ban brings nothing back');
SELECT is(who(:'later') || ' ' || who(:'later_jwt'), 'nobody nobody', 'nor what was issued meanwhile');
SELECT is((SELECT count(*) FROM session_auth.session_events WHERE event = 'user_unbanned' AND user_id = 'dan'), 1::bigint, 'it is recorded');
INSERT INTO session VALUES ('dan-once-more-0123456789abcdefghi', 'dan', '2100-01-01', NULL, NULL);
SELECT is(who('dan-once-more-0123456789abcdefghi'), 'dan', 'and the user can sign in again');

-- a ban that ends by itself
UPDATE "user" SET banned = true, "banExpires" = clock_timestamp() + interval '1 second' WHERE id = 'dan';
SELECT token AS last FROM session_auth.create_session('dan') \gset
SELECT is(who(:'last'), 'nobody', 'a ban for a second');
DO $$ BEGIN WHILE clock_timestamp() <= (SELECT until FROM session_auth.bans WHERE user_id = 'dan') LOOP PERFORM pg_sleep(0.05); END LOOP; END $$;
SELECT token AS fresh FROM session_auth.create_session('dan') \gset
SELECT is(who(:'fresh') || ' ' || who(:'last') || ' ' || who('dan-once-more-0123456789abcdefghi'), 'dan nobody nobody', 'is over when its time is, and brings nothing back');
SELECT session_auth.purge_sessions() \g /dev/null
SELECT is((SELECT count(*) FROM session_auth.bans WHERE user_id = 'dan'), 1::bigint, 'a purge leaves it for an hour');
UPDATE session_auth.sessions SET created_at = created_at - interval '1 hour' WHERE user_id = 'dan' AND token_hash <> sha256(:'fresh'::bytea);
UPDATE session_auth.bans SET until = until - interval '1 hour' WHERE user_id = 'dan';
SELECT session_auth.issue_token('dan', '1 hour') AS fresh_jwt \gset
SELECT session_auth.purge_sessions() \g /dev/null
SELECT is((SELECT count(*) FROM session_auth.bans WHERE user_id = 'dan'), 0::bigint, 'and forgets it then');
SELECT is(who(:'fresh') || ' ' || who(:'last') || ' ' || who(:'fresh_jwt'), 'dan nobody dan', 'without bringing anything back');
SELECT ok((SELECT ended_at IS NOT NULL FROM session_auth.sessions WHERE token_hash = sha256(:'last'::bytea)), 'what it kept closed has ended');
UPDATE "user" SET "banExpires" = '2100-01-01' WHERE id = 'dan';
SELECT is(who(:'fresh') || banned(), 'nobodyben dan fay', 'a ban that is made longer is one');
UPDATE "user" SET "banExpires" = '2000-01-01' WHERE id = 'dan';
SELECT is(banned(), 'ben fay', 'one that is cut short is none');

-- rows that come and go
INSERT INTO "user" (id, role, banned) VALUES ('gus', 'user', true);
SELECT is(banned(), 'ben fay gus', 'a row that comes with a ban');
UPDATE "user" SET id = 'hal' WHERE id = 'gus';
SELECT is(banned(), 'ben fay hal', 'and goes over to another user');
DELETE FROM "user" WHERE id = 'hal';
SELECT is(banned(), 'ben fay', 'a row that goes');
ALTER TABLE "user" DISABLE TRIGGER USER;
UPDATE "user" SET banned = id = 'ann';
ALTER TABLE "user" ENABLE ALWAYS TRIGGER session_auth_adopt_roles;
ALTER TABLE "user" ENABLE ALWAYS TRIGGER session_auth_adopt_roles_truncate;
SELECT session_auth.adopt_roles('"user"', 'id', 'role', separator => ',') \g /dev/null
SELECT is(banned() || who(:'ann'), 'annnobody', 'repeated, it follows what has changed');
INSERT INTO session VALUES ('ann-0123456789abcdefghijklmnopqrs', 'ann', '2100-01-01', NULL, NULL);
CREATE TABLE tokens AS SELECT 'ann-tokens-0123456789abcdefghijkl' AS token, 'ann' AS who, timestamptz '2100-01-01' AS until;
SET client_min_messages = warning;
SELECT is(session_auth.adopt_sessions('tokens', 'token', 'who', 'until'), 0::bigint, 'sessions of a banned user are not taken over');
SET client_min_messages = error;
SELECT session_auth.abandon('"user"') \g /dev/null
SELECT is(banned(), '', 'a table that is abandoned bans nobody');
SELECT session_auth.adopt_roles('"user"', 'id', 'role', banned_column => '') \g /dev/null
SELECT is(banned() || options_of('"user"') || missed(), '{"banned_column": ""}', 'without its bans, as was said');
ALTER TABLE "user" RENAME banned TO no;
SELECT session_auth.adopt_roles('"user"', 'id', 'role') \g /dev/null
ALTER TABLE "user" RENAME no TO banned;
SELECT is(banned() || options_of('"user"'), '{}', 'columns that come later are not followed');
SELECT is(missed(), 'public."user": adopt_roles does not follow its columns "banned" and "banExpires": who is banned keeps their sessions', 'which check_policies says');
SELECT session_auth.adopt_roles('"user"', 'id', 'role') \g /dev/null
SELECT is(banned() || missed(), 'ann', 'and with them');
TRUNCATE "user";
SELECT is(banned(), '', 'emptied');

-- other tables
CREATE TABLE people (id int PRIMARY KEY, role text, locked boolean, locked_until timestamp, banned boolean);
INSERT INTO people VALUES (1, 'user', true, now() AT TIME ZONE 'UTC' + interval '1 hour', true), (2, 'user', true, now() AT TIME ZONE 'UTC' - interval '1 second', false);
SELECT session_auth.adopt_roles('people', 'id', 'role') \g /dev/null
SELECT is(banned(), '', 'one of the names alone says nothing');
SELECT session_auth.adopt_roles('people', 'id', 'role', banned_column => 'locked', ban_expires_column => 'locked_until') \g /dev/null
SELECT is(banned(), '1', 'columns of other names; a timestamp without time zone is one in UTC');
SELECT is(detail_of($$SELECT session_auth.adopt_roles('people', 'id', 'role', ban_expires_column => 'locked_until')$$), 'invalid ban_expires_column: It must be given together with banned_column.', 'an end of what');
UPDATE people SET locked_until = now() AT TIME ZONE 'Asia/Tokyo' + interval '1 hour';
SELECT session_auth.adopt_roles('people', 'id', 'role', banned_column => 'locked', ban_expires_column => 'locked_until', time_zone => 'asia/tokyo') \g /dev/null
SELECT is((SELECT string_agg(b.user_id, ' ' ORDER BY b.user_id) FROM session_auth.bans b JOIN people p ON p.id::text = b.user_id AND b.until = p.locked_until AT TIME ZONE 'Asia/Tokyo' WHERE b.source = 'people'::regclass), '1 2', 'local time of a zone');
SELECT is(options_of('people')::jsonb ->> 'time_zone', 'Asia/Tokyo', 'under its own name');
UPDATE people SET locked_until = now() AT TIME ZONE 'Asia/Tokyo' - interval '1 minute' WHERE id = 1;
SELECT is(banned(), '2', 'by the trigger, too');
UPDATE people SET locked_until = 'infinity' WHERE id = 2;
SELECT is((SELECT until FROM session_auth.bans WHERE user_id = '2'), 'infinity', 'for good');
SELECT is(detail_of(format('SELECT session_auth.adopt_roles(%s)', arguments)), 'invalid time_zone: ' || said, 'time_zone: ' || said)
FROM (VALUES ('''people'', ''id'', ''role'', banned_column => ''locked'', ban_expires_column => ''locked_until'', time_zone => ''Nowhere''', 'It must be the name of a time zone, such as Europe/Berlin.'),
  ('''people'', ''id'', ''role'', time_zone => ''Asia/Tokyo''', 'It is for a timestamp without time zone, and there is none.'),
  ('''"user"'', ''id'', ''role'', time_zone => ''Asia/Tokyo''', 'It is for a timestamp without time zone: column "banExpires" needs none.')) t (arguments, said);
CREATE TABLE member (id text, role text, banned boolean, "banExpires" timestamptz);
SELECT is(detail_of($$SELECT session_auth.adopt_roles('member', 'id', 'role', banned_column => 'banned')$$), 'invalid banned_column: Column "id" is not unique by itself, so that a row is not the user.', 'a row that is not the user');
SELECT session_auth.adopt_roles('member', 'id', 'role') \g /dev/null
SELECT is(options_of('member'), '{}', 'nor is it taken for one');

SELECT * FROM finish();
