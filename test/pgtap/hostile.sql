-- Hostile objects: what others create, and wherever search_path leads, the
-- verdict stays. Answers are gathered under the hostile path and asserted after
-- it, so that pgTAP itself is not deceived.
-- Also: test/attacks/hostile_objects.sql.
SELECT plan(26);

SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"], "USER": []}') \g /dev/null
SELECT session_auth.grant_role('alice', 'ADMIN') \g /dev/null
SELECT session_auth.grant_role('bob', 'USER') \g /dev/null
SELECT * FROM session_auth.create_session('alice') \gset a_
SELECT * FROM session_auth.create_session('bob') \gset b_

-- A schema whose operators and functions always say yes, and count their calls.
CREATE SCHEMA evil;
GRANT ALL ON SCHEMA evil TO sa_request;
CREATE SEQUENCE evil.calls;
GRANT ALL ON SEQUENCE evil.calls TO PUBLIC;
CREATE FUNCTION evil.yes(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.nextval('evil.calls'); RETURN true; END $$;
CREATE FUNCTION evil.yes(bytea, bytea) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.nextval('evil.calls'); RETURN true; END $$;
CREATE FUNCTION evil.yes(uuid, uuid) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.nextval('evil.calls'); RETURN true; END $$;
CREATE FUNCTION evil.yes(timestamptz, timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.nextval('evil.calls'); RETURN true; END $$;
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.yes);
CREATE OPERATOR evil.= (LEFTARG = bytea, RIGHTARG = bytea, FUNCTION = evil.yes);
CREATE OPERATOR evil.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = evil.yes);
CREATE OPERATOR evil.> (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = evil.yes);
CREATE OPERATOR evil.< (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = evil.yes);
CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.nextval('evil.calls'); RETURN 'epoch'; END $$;
CREATE FUNCTION evil.sha256(bytea) RETURNS bytea LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.nextval('evil.calls'); RETURN ''; END $$;
CREATE FUNCTION evil.starts_with(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.nextval('evil.calls'); RETURN true; END $$;
CREATE FUNCTION evil.format(text, VARIADIC "any") RETURNS text LANGUAGE internal AS 'text_format';
CREATE FUNCTION evil.has_permission(text, text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE TABLE evil.permissions AS TABLE session_auth.permissions;
CREATE TABLE evil.sessions AS TABLE session_auth.sessions;
CREATE TABLE evil.roles AS TABLE session_auth.roles;
CREATE TABLE evil.user_roles AS TABLE session_auth.user_roles;
INSERT INTO evil.user_roles SELECT (jsonb_populate_record(u, '{"user_id": "bob"}')).* FROM session_auth.user_roles u WHERE u::text LIKE '%ADMIN%';
GRANT ALL ON ALL TABLES IN SCHEMA evil TO PUBLIC;
GRANT USAGE ON SCHEMA evil TO PUBLIC;

CREATE TEMP TABLE permissions AS TABLE session_auth.permissions;
CREATE TEMP TABLE sessions AS TABLE session_auth.sessions;
CREATE TEMP TABLE roles AS TABLE session_auth.roles;
CREATE TEMP TABLE role_parents AS TABLE session_auth.role_parents;
CREATE TEMP TABLE user_roles AS TABLE evil.user_roles;
GRANT ALL ON permissions, sessions, roles, role_parents, user_roles TO PUBLIC;
CREATE TABLE public.answers (label text, answer text);
GRANT ALL ON answers TO PUBLIC;

CREATE TABLE public.protected (id int, owner text);
INSERT INTO protected VALUES (1, 'bob'), (2, 'alice');
GRANT ALL ON protected TO sa_request;

SET search_path = evil, pg_temp, pg_catalog, public;
SELECT session_auth.protect_table('public.protected', 'accounts', 'owner') \g /dev/null
SET ROLE sa_request;
BEGIN;
INSERT INTO answers SELECT 'bob is bob', user_id FROM session_auth.authenticate(:'b_token');
INSERT INTO answers SELECT 'bob''s roles', array_to_string(session_auth.roles(), ',');
INSERT INTO answers SELECT 'bob''s permission', session_auth.has_permission('view', 'accounts')::text;
INSERT INTO answers SELECT 'bob''s rows', count(*)::text FROM public.protected;
INSERT INTO answers SELECT 'USER''s permission', session_auth.has_permission('USER', 'view', 'accounts')::text;
INSERT INTO answers SELECT 'ADMIN''s permission', session_auth.has_permission('ADMIN', 'view', 'accounts')::text;
INSERT INTO answers SELECT 'bob''s sessions', count(*)::text FROM session_auth.my_sessions();
INSERT INTO answers SELECT 'an unknown token', count(*)::text FROM session_auth.verify_session('sat_' || repeat('A', 43));
SELECT session_auth.authenticate(:'a_token') \g /dev/null
INSERT INTO answers SELECT 'alice''s rows', string_agg(id::text, ',') FROM public.protected;
COMMIT;
RESET ROLE;
SET ROLE sa_issuer;
INSERT INTO answers SELECT 'listed', count(*)::text FROM session_auth.list_sessions('alice');
INSERT INTO answers SELECT 'ended by an unknown token', session_auth.expire_session('sat_' || repeat('B', 43))::text;
INSERT INTO answers SELECT 'ended of a user without sessions', session_auth.expire_user_sessions('carol')::text;
INSERT INTO answers SELECT 'created', length(token)::text FROM session_auth.create_session('dora');
RESET ROLE;
SET ROLE sa_admin;
INSERT INTO answers SELECT 'imported', session_auth.import_permissions('{"USER": ["view:news"]}')::text;
INSERT INTO answers SELECT 'granted', session_auth.grant_role('bob', 'ADMIN', 'acme')::text;
INSERT INTO answers SELECT 'taken', session_auth.revoke_role('bob', 'ADMIN', 'acme')::text;
INSERT INTO answers SELECT 'exported', session_auth.export_permissions()::text;
INSERT INTO answers SELECT 'explained', allowed::text FROM session_auth.explain_permission('USER', 'view', 'accounts');
RESET ROLE;
INSERT INTO answers SELECT 'checked', (count(*) >= 0)::text FROM session_auth.check_policies();
SELECT is_called FROM evil.calls \gset
RESET search_path;

SELECT is((SELECT string_agg(a.answer, ';') FROM answers a WHERE a.label = wanted.label), wanted.answer, wanted.label)
  FROM (VALUES
    ('bob is bob', 'bob'), ('bob''s roles', 'USER'), ('bob''s permission', 'false'), ('bob''s rows', '0'),
    ('USER''s permission', 'false'), ('ADMIN''s permission', 'true'), ('bob''s sessions', '1'), ('an unknown token', '0'), ('alice''s rows', '2'),
    ('listed', '1'), ('ended by an unknown token', 'false'), ('ended of a user without sessions', '0'), ('created', '47'),
    ('imported', '1'), ('granted', 'true'), ('taken', 'true'),
    ('exported', '{"USER": ["view:news"], "ADMIN": ["view:accounts"]}'), ('explained', 'false'), ('checked', 'true')) wanted(label, answer);
SELECT is(:'is_called'::text, 'f', 'no hostile operator or function was ever called');
SELECT is(v.user_id, 'alice', 'nobody''s session ended by it') FROM session_auth.verify_session(:'a_token') v;

-- An operator of one's own in a filter sees no hidden row.
CREATE TABLE public.spied (what text);
GRANT ALL ON spied TO sa_request;
CREATE FUNCTION evil.spy(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN INSERT INTO public.spied VALUES ($1); RETURN true; END $$;
SET ROLE sa_request;
SELECT count(*) FROM public.protected WHERE evil.spy(owner) \g /dev/null
RESET ROLE;
SELECT is_empty('SELECT * FROM public.spied', 'a cheap function in a filter sees no hidden row');

-- A foreign schema of our name.
DROP EXTENSION session_auth CASCADE;
SELECT hasnt_schema('session_auth', 'DROP EXTENSION leaves no schema');
CREATE SCHEMA session_auth AUTHORIZATION sa_request;
SELECT throws_ok('CREATE EXTENSION session_auth', NULL, NULL, 'the install script refuses a foreign schema session_auth');
DROP SCHEMA session_auth;
SET search_path = evil, public;
SELECT lives_ok('CREATE EXTENSION session_auth', 'without it the extension can be created again');
RESET search_path;
SELECT is(session_auth.is_authenticated(), false, 'and it works');

SELECT * FROM finish();
