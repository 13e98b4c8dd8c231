-- Adoption: the application's own tables stay the source of sessions and roles.
-- Prisma's tables first, then those of @auth/pg-adapter, then what is refused.
-- Also: test/t/adopt.t, test/attacks/adoption.sql.
SET timezone = 'Asia/Tokyo';
SELECT plan(92);
\ir adoption.psql

CREATE FUNCTION public.roles_of(who text) RETURNS text LANGUAGE sql
AS $$ SELECT coalesce(string_agg(u.role, ',' ORDER BY u.grant_id), '') FROM session_auth.user_roles u WHERE u.user_id = who $$;
CREATE FUNCTION public.events(name text) RETURNS bigint LANGUAGE sql
AS $$ SELECT count(*) FROM session_auth.session_events e WHERE e.event = name $$;

-- Prisma
CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN');
CREATE TABLE "User" (
  id text NOT NULL PRIMARY KEY,
  email text,
  role "Role" NOT NULL DEFAULT 'USER'
);
CREATE TABLE "Session" (
  id text NOT NULL PRIMARY KEY DEFAULT gen_random_uuid(),
  "sessionToken" text NOT NULL UNIQUE,
  "userId" text NOT NULL REFERENCES "User" ON UPDATE CASCADE ON DELETE CASCADE,
  expires timestamp(3) without time zone NOT NULL
);
INSERT INTO "User" VALUES ('alice', 'a@x', 'ADMIN'), ('bob', 'b@x', 'USER'), ('carol', 'c@x', 'USER');
SELECT gen_random_uuid() AS a1, gen_random_uuid() AS a2, gen_random_uuid() AS b1, gen_random_uuid() AS b2,
  gen_random_uuid() AS c1, gen_random_uuid() AS old, gen_random_uuid() AS new, gen_random_uuid() AS x1 \gset
INSERT INTO "Session" ("sessionToken", "userId", expires) VALUES
  (:'a1', 'alice', now() AT TIME ZONE 'UTC' + interval '30 days'),
  (:'b1', 'bob', '2100-01-02 03:04:05.678'),
  (:'old', 'bob', now() AT TIME ZONE 'UTC' - interval '1 second'),
  ('01234567890123456789012345', 'bob', '2100-01-01');

SET client_min_messages = error;
SELECT is(session_auth.adopt_sessions('"Session"', 'sessionToken', 'userId', 'expires'), 2::bigint, 'adopt_sessions takes over what is there, but for expired and weak tokens');
RESET client_min_messages;
SELECT is(session_auth.adopt_roles('"User"', 'id', 'role'), 3::bigint, 'adopt_roles takes over an enum');
SELECT is(who(:'a1'), 'alice', 'a token of the table opens a session');
SELECT is(who(:'old'), 'nobody', 'an expired one does not');
SELECT is(who('01234567890123456789012345'), 'nobody', 'nor one of too few bits');
SELECT is((SELECT v.expires_at FROM session_auth.verify_session(:'b1') v), '2100-01-02 03:04:05.678+00'::timestamptz, 'without a time zone is in UTC, whatever TimeZone says, to the millisecond');
SELECT is((SELECT v.roles FROM session_auth.verify_session(:'a1') v), '{ADMIN}', 'the roles are those of the enum');
SELECT set_eq('SELECT role FROM session_auth.roles', '{ADMIN,USER}'::text[], 'roles that were met are created');
SELECT is_empty(format($$SELECT FROM session_auth.sessions s WHERE s::text LIKE '%%' || %L || '%%'$$, :'a1'), 'no token is stored');
SELECT is((SELECT token_hash FROM session_auth.sessions WHERE user_id = 'alice'), sha256(:'a1'::text::bytea), 'its SHA-256 is');
SELECT is(events('sessions_adopted') + events('roles_adopted'), 2::bigint, 'both are recorded');
SELECT is(events('role_created'), 2::bigint, 'so are the new roles');

BEGIN;
SELECT is((SELECT a.user_id FROM session_auth.authenticate(:'a1') a), 'alice', 'authenticate takes it');
SELECT ok(session_auth.has_role('ADMIN'), 'and the identity has the role');
COMMIT;

-- again
CREATE TABLE public.before AS SELECT s.* FROM session_auth.sessions s;
CREATE TABLE public.grants_before AS SELECT u.* FROM session_auth.user_roles u;
SET client_min_messages = error;
SELECT is(session_auth.adopt_sessions('"Session"', 'sessionToken', 'userId', 'expires'), 0::bigint, 'adopting again takes over nothing');
RESET client_min_messages;
SELECT is(session_auth.adopt_roles('"User"', 'id', 'role'), 0::bigint, 'nor does it for roles');
SELECT set_eq('SELECT * FROM session_auth.sessions', 'SELECT * FROM before', 'and changes no session');
SELECT set_eq('SELECT * FROM session_auth.user_roles', 'SELECT * FROM grants_before', 'nor any grant');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgrelid IN ('"User"'::regclass, '"Session"'::regclass) AND NOT tgisinternal), 4::bigint, 'there are two triggers on each table');
SELECT is((SELECT string_agg(DISTINCT tgenabled::text, '') FROM pg_trigger WHERE tgname LIKE 'session\_auth\_%'), 'A', 'they are ENABLE ALWAYS');
SELECT is_empty($$SELECT * FROM session_auth.check_policies() WHERE object LIKE '%session_auth_adopt%'$$, 'check_policies finds nothing wrong with them');
ALTER TABLE "Session" ENABLE TRIGGER session_auth_adopt_sessions;
SELECT is((SELECT count(*) FROM session_auth.check_policies() WHERE object LIKE '%session_auth_adopt_sessions on %'), 1::bigint, 'and finds one that does not fire always');
ALTER TABLE "Session" ENABLE ALWAYS TRIGGER session_auth_adopt_sessions;

-- insert
INSERT INTO "Session" ("sessionToken", "userId", expires) VALUES (:'b2', 'bob', now() AT TIME ZONE 'UTC' + interval '1 day');
SELECT is(who(:'b2'), 'bob', 'a login opens a session');
SELECT lives_ok($$INSERT INTO "Session" ("sessionToken", "userId", expires) VALUES ('short', 'bob', '2100-01-01')$$, 'a weak token does not make a login fail');
SELECT is(who('short'), 'nobody', 'but opens nothing');
SELECT is(events('session_created'), 1::bigint, 'a session that is created is recorded');
SET session_replication_role = replica;
INSERT INTO "Session" ("sessionToken", "userId", expires) VALUES (:'a2', 'alice', '2100-01-01');
SELECT is(who(:'a2'), 'alice', 'under session_replication_role = replica too');
RESET session_replication_role;

-- update
SELECT session_id AS b2_id FROM session_auth.verify_session(:'b2') \gset
UPDATE "Session" SET expires = '2099-01-01 00:00:00.001' WHERE "sessionToken" = :'b2';
SELECT is((SELECT v.expires_at FROM session_auth.verify_session(:'b2') v), '2099-01-01 00:00:00.001+00'::timestamptz, 'a new expiry slides the session');
UPDATE "Session" SET "sessionToken" = :'new' WHERE "sessionToken" = :'b2';
SELECT is(who(:'b2'), 'nobody', 'a new token: the old one opens nothing');
SELECT is((SELECT v.session_id FROM session_auth.verify_session(:'new') v), :'b2_id'::uuid, 'the new one opens the same session');
UPDATE "Session" SET expires = now() AT TIME ZONE 'UTC' - interval '1 minute' WHERE "sessionToken" = :'new';
SELECT is(who(:'new'), 'nobody', 'an expiry in the past expires it');
UPDATE "Session" SET expires = '2099-01-01' WHERE "sessionToken" = :'new';
SELECT is(who(:'new'), 'bob', 'and one in the future opens it again');
UPDATE "Session" SET "userId" = 'carol' WHERE "sessionToken" = :'new';
SELECT is(who(:'new'), 'carol', 'a session can change its user');
UPDATE "User" SET role = 'ADMIN' WHERE id = 'bob';
SELECT is((SELECT v.roles FROM session_auth.verify_session(:'b1') v), '{ADMIN}', 'a new role is in force at once, the old one gone');
SELECT is(events('role_granted') + events('role_revoked'), 2::bigint, 'both are recorded');

-- what has ended here stays ended
SELECT session_auth.expire_session(:'new'::text) \g /dev/null
UPDATE "Session" SET expires = '2098-01-01' WHERE "sessionToken" = :'new';
SELECT is(who(:'new'), 'nobody', 'a new expiry does not revive a session that was ended here');
SET client_min_messages = error;
SELECT session_auth.adopt_sessions('"Session"', 'sessionToken', 'userId', 'expires') \g /dev/null
RESET client_min_messages;
SELECT is(who(:'new'), 'nobody', 'nor does adopting again');
SELECT is(session_auth.purge_sessions(), 1::bigint, 'even purged');
UPDATE "Session" SET expires = '2097-01-01' WHERE "sessionToken" = :'new';
SELECT is(who(:'new'), 'nobody', 'it does not come back with a new expiry');
UPDATE "Session" SET "sessionToken" = :'c1' WHERE "sessionToken" = :'new';
SELECT is(who(:'c1'), 'carol', 'another token in its row is another sign-in');

-- delete
DELETE FROM "Session" WHERE "sessionToken" = :'a2';
SELECT is(who(:'a2'), 'nobody', 'a logout ends the session');
SELECT is((SELECT ended_by FROM session_auth.sessions WHERE token_hash = sha256(:'a2'::text::bytea)), 'sign-out', 'as a sign-out');
SELECT is((SELECT count(*) FROM session_auth.session_events e JOIN session_auth.sessions s USING (session_id) WHERE s.token_hash = sha256(:'a2'::text::bytea) AND e.event = 'session_ended'), 1::bigint, 'which is recorded');
BEGIN;
DELETE FROM "Session" WHERE "sessionToken" = :'a1';
SELECT is(who(:'a1'), 'nobody', 'in the same transaction');
ROLLBACK;
SELECT is(who(:'a1'), 'alice', 'a logout that is rolled back did not happen');
SELECT * FROM session_auth.rotate_session(:'a1') \gset r_
DELETE FROM "Session" WHERE "sessionToken" = :'a1';
SELECT is(who(:'r_token'), 'nobody', 'a session that was rotated here ends with its row too');

-- roles by hand
SELECT session_auth.create_role('EDITOR') \g /dev/null
SELECT session_auth.grant_role('carol', 'EDITOR') \g /dev/null
SELECT session_auth.grant_role('dave', 'ADMIN') \g /dev/null
INSERT INTO "User" VALUES ('dave', 'd@x', 'ADMIN');
UPDATE "User" SET role = 'USER' WHERE id = 'dave';
SELECT is(roles_of('dave'), 'ADMIN,USER', 'a role that was granted by hand is not taken away by adoption');
UPDATE "User" SET role = 'ADMIN' WHERE id = 'carol';
SELECT is(roles_of('carol'), 'EDITOR,ADMIN', 'nor is another one');
UPDATE "User" SET role = 'USER' WHERE id = 'carol';
SELECT is(roles_of('carol'), 'EDITOR,USER', 'what came from the table goes with it');

-- deleting a user
SELECT token AS by_hand FROM session_auth.create_session('carol') \gset
DELETE FROM "User" WHERE id = 'carol';
SELECT is(who(:'c1'), 'nobody', 'deleting a user ends the sessions');
SELECT is(who(:'by_hand'), 'nobody', 'those created here too');
SELECT is(roles_of('carol'), '', 'and every role');
UPDATE "User" SET id = 'robert' WHERE id = 'bob';
SELECT is(roles_of('bob') || roles_of('robert'), 'ADMIN', 'a new id takes the role along');

-- truncate
INSERT INTO "Session" ("sessionToken", "userId", expires) VALUES (:'x1', 'alice', '2100-01-01');
SELECT token AS by_hand FROM session_auth.create_session('dave') \gset
TRUNCATE "Session";
SELECT is(who(:'x1'), 'nobody', 'TRUNCATE ends the sessions of the table');
SELECT is(who(:'by_hand'), 'dave', 'and no others');
SET client_min_messages = error;
TRUNCATE "User" CASCADE;
RESET client_min_messages;
SELECT is(roles_of('alice') || roles_of('dave'), '', 'TRUNCATE of the users ends their roles');
SELECT is(who(:'by_hand'), 'nobody', 'and their sessions');

-- changes while the triggers did not fire
INSERT INTO "User" VALUES ('alice', 'a@x', 'ADMIN'), ('bob', 'b@x', 'USER');
SELECT gen_random_uuid() AS a1, gen_random_uuid() AS b1, gen_random_uuid() AS b2 \gset
INSERT INTO "Session" ("sessionToken", "userId", expires) VALUES (:'a1', 'alice', '2100-01-01'), (:'b1', 'bob', '2100-01-01');
ALTER TABLE "Session" DISABLE TRIGGER USER;
ALTER TABLE "User" DISABLE TRIGGER USER;
DELETE FROM "Session" WHERE "sessionToken" = :'a1';
UPDATE "Session" SET expires = '2101-01-01' WHERE "sessionToken" = :'b1';
INSERT INTO "Session" ("sessionToken", "userId", expires) VALUES (:'b2', 'bob', '2100-01-01');
UPDATE "User" SET role = 'ADMIN' WHERE id = 'bob';
SELECT is(session_auth.adopt_sessions('"Session"', 'sessionToken', 'userId', 'expires'), 2::bigint, 'adopting again catches up: one new, one changed');
SELECT is(who(:'a1') || ' ' || who(:'b2'), 'nobody bob', 'one ended');
SELECT is((SELECT v.expires_at FROM session_auth.verify_session(:'b1') v), '2101-01-01+00'::timestamptz, 'and one slid');
SELECT is(session_auth.adopt_roles('"User"', 'id', 'role'), 1::bigint, 'so does it for roles');
SELECT is(roles_of('bob'), 'ADMIN', 'the old one is gone');

-- @auth/pg-adapter
CREATE TABLE users (id serial PRIMARY KEY, name varchar(255), roles text[]);
CREATE TABLE sessions (
  id serial PRIMARY KEY,
  "userId" integer NOT NULL,
  expires timestamptz NOT NULL,
  "sessionToken" varchar(255) NOT NULL
);
INSERT INTO users (name, roles) VALUES ('eve', '{USER,EDITOR,NULL,USER}'), ('fay', NULL), ('gus', '{}'), ('hal', E'{bad\nname}');
SELECT gen_random_uuid() AS e1, gen_random_uuid() AS f1 \gset
INSERT INTO sessions ("userId", expires, "sessionToken") VALUES (1, '2100-01-01 00:00+00', :'e1'), (2, 'infinity', :'f1');
SELECT is(session_auth.adopt_sessions('sessions', 'sessionToken', 'userId', 'expires'), 2::bigint, 'pg-adapter: integer ids, varchar tokens, timestamptz');
SET client_min_messages = error;
SELECT is(session_auth.adopt_roles('users', 'id', 'roles'), 2::bigint, 'pg-adapter: an array of roles');
RESET client_min_messages;
SELECT is((SELECT v.roles FROM session_auth.verify_session(:'e1') v), '{USER,EDITOR}', 'each element is a role, in its order');
SELECT is((SELECT v.roles FROM session_auth.verify_session(:'f1') v), '{}', 'NULL is no role');
-- drivers do not agree about it: findings/expiry-at-infinity.sh
SELECT is((SELECT v.expires_at FROM session_auth.verify_session(:'f1') v), '9999-12-31 00:00+00', 'infinity is the last day that all drivers read alike');
SELECT is((SELECT v.expires_at FROM session_auth.verify_session(:'e1') v), '2100-01-01+00'::timestamptz, 'with a time zone is what it says');
UPDATE users SET roles = '{EDITOR}' WHERE id IN (1, 2);
SELECT is(roles_of('1') || ' ' || roles_of('2'), 'EDITOR EDITOR', 'an array that changes');
SELECT lives_ok($$UPDATE users SET roles = ARRAY[repeat('x', 300), E'a\tb', ''] WHERE id = 1$$, 'names that no role can have fail nothing');
SELECT is(roles_of('1'), '', 'and grant nothing');
SELECT lives_ok($$UPDATE users SET roles = '{NEW}' WHERE id = 1$$, 'a role that is met for the first time');
SELECT is(roles_of('1'), 'NEW', 'is created and granted');
DELETE FROM users WHERE id = 1;
SELECT is(who(:'e1') || roles_of('1'), 'nobody', 'deleting a user without a foreign key ends sessions and roles');

-- two sources of one role, uuid ids, domains
CREATE DOMAIN role_name AS text;
CREATE TABLE members (id uuid PRIMARY KEY, role role_name);
CREATE TABLE guests (id uuid PRIMARY KEY, role varchar(20));
SELECT gen_random_uuid() AS m \gset
INSERT INTO members VALUES (:'m', 'MEMBER');
INSERT INTO guests VALUES (:'m', 'MEMBER');
SELECT is(session_auth.adopt_roles('members', 'id', 'role'), 1::bigint, 'uuid ids, a domain');
SELECT is(session_auth.adopt_roles('guests', 'id', 'role'), 0::bigint, 'the same grant from another table is not new');
UPDATE members SET role = NULL;
SELECT is(roles_of(:'m'), 'MEMBER', 'it stays while one of them says so');
UPDATE guests SET role = NULL;
SELECT is(roles_of(:'m'), '', 'and goes with the last');

-- abandon
SELECT session_auth.abandon('sessions') \g /dev/null
SELECT is(who(:'f1'), 'nobody', 'abandon removes what was carried over');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgrelid = 'sessions'::regclass), 0::bigint, 'and the triggers');
SELECT is(session_auth.adopt_sessions('sessions', 'sessionToken', 'userId', 'expires'), 2::bigint, 'what was abandoned can be adopted again');
SELECT session_auth.abandon('users') \g /dev/null
SELECT is(roles_of('2'), '', 'abandon takes back roles');
SELECT lives_ok($$SELECT session_auth.abandon('users')$$, 'abandoning again is no error');

-- what is refused
CREATE VIEW a_view AS SELECT * FROM sessions;
CREATE MATERIALIZED VIEW a_matview AS SELECT * FROM sessions;
CREATE TEMP TABLE gone_soon (token text, "user" text, expires timestamptz);
SELECT throws_ok(format('SELECT session_auth.adopt_sessions(%L, %L, %L, %L)', source, token, "user", expires), '22023', message, 'refused: ' || why)
FROM (VALUES
  ('a_view', 'sessionToken', 'userId', 'expires', 'invalid source', 'a view'),
  ('a_matview', 'sessionToken', 'userId', 'expires', 'invalid source', 'a materialized view'),
  ('gone_soon', 'token', 'user', 'expires', 'invalid source', 'a temporary table'),
  ('session_auth.sessions', 'token_hash', 'user_id', 'expires_at', 'invalid source', 'our own table'),
  ('sessions', 'nothing', 'userId', 'expires', 'invalid token_column', 'a missing column'),
  ('sessions', 'sessionToken', 'expires', 'expires', 'invalid user_column', 'a user that is a time'),
  ('sessions', 'sessionToken', 'userId', 'id', 'invalid expires_form', 'an expiry that is a number, of what nobody says')
) v (source, token, "user", expires, message, why);
SELECT throws_ok($$SELECT session_auth.adopt_roles('users', 'id', 'id')$$, '22023', 'invalid role_column', 'refused: a role that is a number');
SELECT throws_ok($$SELECT session_auth.adopt_sessions(NULL, 'a', 'b', 'c')$$, '22023', 'invalid source', 'refused: NULL');

SELECT * FROM finish();
