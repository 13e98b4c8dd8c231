-- Attack: types, casts, operator classes, event triggers, temporary relations and
-- functions of the caller's, with a search_path to them, in the way of what the
-- extension does; a schema session_auth, or extension's objects, made beforehand.
-- Holds: the verdict is unchanged, nothing hostile runs with more rights, the install
-- script refuses. test/pgtap/hostile.sql shows operators and shadowing tables.
-- Guards: sql/parts/*.sql (search_path), schema.sql (CREATE SCHEMA), src/catalog/tables.c.
SELECT plan(21);
\ir people.psql
CREATE TABLE calls (what text);
GRANT ALL ON calls TO PUBLIC;
CREATE SCHEMA evil;
GRANT ALL ON SCHEMA evil TO PUBLIC;
SET ROLE sa_request;
-- what a PL/pgSQL function might take for its own
CREATE FUNCTION evil.trap(what text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.calls VALUES (what || ' as ' || current_user); RETURN true; END $$;
CREATE FUNCTION evil.coalesce_(anyelement) RETURNS anyelement LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION evil.array_remove(text[], text) RETURNS text[] LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.trap('array_remove'); RETURN $1; END $$;
CREATE FUNCTION evil.jsonb_build_object(text, text) RETURNS jsonb LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.trap('jsonb_build_object'); RETURN '{}'; END $$;
CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.trap('clock_timestamp'); RETURN 'epoch'; END $$;
CREATE FUNCTION evil.current_setting(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.trap('current_setting'); RETURN '1'; END $$;
CREATE FUNCTION evil.cardinality(anyarray) RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.trap('cardinality'); RETURN 0; END $$;
CREATE FUNCTION evil.text_le(interval, interval) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN evil.trap('<='); END $$;
CREATE OPERATOR evil.<= (LEFTARG = interval, RIGHTARG = interval, FUNCTION = evil.text_le);
CREATE OPERATOR evil.> (LEFTARG = interval, RIGHTARG = interval, FUNCTION = evil.text_le);
CREATE FUNCTION evil.cat(jsonb, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.trap('->>'); RETURN 'x'; END $$;
CREATE OPERATOR evil.->> (LEFTARG = jsonb, RIGHTARG = text, FUNCTION = evil.cat);
CREATE TEMP TABLE pg_roles (oid oid, rolname name, rolbypassrls bool, rolcanlogin bool, rolsuper bool);
CREATE TEMP TABLE keys (key_id bigint, kid text);
CREATE DOMAIN evil.uuid AS text;
CREATE DOMAIN evil.regclass AS text CHECK (evil.trap('regclass'));
RESET ROLE;
GRANT sa_request TO sa_admin, sa_issuer;

CREATE TABLE answers (label text, answer text);
GRANT ALL ON answers TO PUBLIC;
SET search_path = evil, pg_temp, pg_catalog, public;
SET pg_catalog.role = 'sa_admin';
INSERT INTO public.answers SELECT 'import', session_auth.import_permissions('{"NEW": ["view:news", "!view:old"]}')::text;
INSERT INTO public.answers SELECT 'list', count(*)::text FROM session_auth.list_permissions('NEW');
INSERT INTO public.answers SELECT 'key', session_auth.add_key('k', 'HS256', repeat('k', 40), 'https://issuer')::text;
INSERT INTO public.answers SELECT 'retired', session_auth.disable_key('k', 'https://issuer')::text;
INSERT INTO public.answers SELECT 'dropped', session_auth.drop_key('k', 'https://issuer')::text;
INSERT INTO public.answers SELECT 'checked', count(*)::text FROM session_auth.check_policies() WHERE severity = 'error';
INSERT INTO public.answers SELECT 'purged', session_auth.purge_sessions()::text;
SET pg_catalog.role = 'sa_issuer';
SELECT FROM session_auth.create_session('dora', '1 hour', NULL, '{"a": 1}');
INSERT INTO public.answers SELECT 'ended', session_auth.expire_user_sessions('dora')::text;
INSERT INTO public.answers SELECT 'revoked', session_auth.revoke_token('j1', 'https://issuer', pg_catalog.now() + '1 hour')::text;
RESET ROLE;
RESET search_path;
SELECT is((SELECT string_agg(a.answer, ';') FROM answers a WHERE a.label = w.label), w.answer, w.label) FROM (VALUES
  ('import', '2'), ('list', '2'), ('key', ''), ('retired', 'true'), ('dropped', 'true'), ('checked', '0'), ('purged', '0'), ('ended', '1'), ('revoked', 'true')) w (label, answer);
SELECT is_empty('SELECT * FROM calls', 'nothing of the caller''s was called, with whatever rights');

-- an argument that is a domain, a user-defined type or an unknown literal
SET ROLE sa_request;
CREATE DOMAIN evil.token AS text CHECK (VALUE IS NOT NULL OR evil.trap('domain'));
SELECT is((SELECT count(*) FROM session_auth.verify_session(:'alice'::evil.token)), 1::bigint, 'a domain is the text that it holds');
SELECT throws_ok('SELECT session_auth.has_permission(ROW(''ADMIN''), ''view'', ''accounts'')', '42883', NULL, 'a row is no role');
SELECT throws_ok('CREATE FUNCTION session_auth.user_id(int) RETURNS text LANGUAGE sql AS ''SELECT 1''', '42501', NULL, 'nobody puts a function beside ours');
SELECT throws_ok('CREATE FUNCTION public.f() RETURNS text LANGUAGE c AS ''$libdir/session_auth'', ''session_auth_create_session''', '42501', NULL, 'nor calls the library''s by another name');
SELECT throws_ok('CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION evil.trap()', '42501', NULL, 'nor makes an event trigger');
SELECT throws_ok('ALTER EXTENSION session_auth ADD FUNCTION evil.trap(text)', '42501', NULL, 'nor adds to the extension');
RESET ROLE;

-- the extension's name taken beforehand
DROP EXTENSION session_auth CASCADE;
CREATE SCHEMA session_auth AUTHORIZATION sa_request;
SET ROLE sa_request;
CREATE TABLE session_auth.permissions (role text, action text, resource text, denied boolean);
CREATE FUNCTION session_auth.user_id() RETURNS text LANGUAGE sql AS $$ SELECT 'alice' $$;
RESET ROLE;
SELECT throws_ok('CREATE EXTENSION session_auth', '42P06', NULL, 'a schema that is there is refused');
SELECT throws_ok('CREATE EXTENSION session_auth SCHEMA public', NULL, NULL, 'another schema is no way around');
SET ROLE sa_request;
SELECT throws_ok('CREATE EXTENSION session_auth', '42501', NULL, 'a request role cannot install it');
RESET ROLE;
DROP SCHEMA session_auth CASCADE;
SET search_path = evil, public;
CREATE EXTENSION session_auth;
RESET search_path;
SELECT is_empty($$SELECT * FROM public.calls$$, 'installing under a hostile search_path calls nothing of it');
SELECT is(session_auth.has_permission('ADMIN', 'view', 'accounts'), false, 'and a new extension knows nothing of the old one');

SELECT * FROM finish();
