-- An error says what is wrong with an argument, and leads through the caller's own
-- functions alone: not one of ours is in its CONTEXT.  What catches it goes on as before.
SELECT plan(20);

-- the CONTEXT of a statement's error, as a function of the application's catches it
CREATE FUNCTION public.context_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  context text;
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
  RETURN SQLSTATE || ' ' || context;
END $$;
CREATE TABLE public.notes (id int, owner text);

SELECT is(public.context_of(call), '22023 PL/pgSQL function context_of(text) line 5 at EXECUTE', call)
FROM unnest(ARRAY[
  'SELECT session_auth.grant_role(NULL, ''ADMIN'')',
  'SELECT session_auth.create_role('''')',
  'SELECT session_auth.create_role(''CHIEF'', ''{nobody}'')',
  'SELECT session_auth.grant_permission(''nobody'', ''view'', ''x'')',
  'SELECT session_auth.import_permissions(''[]'')',
  'SELECT session_auth.grant_usage(''sa_plain'', ''everything'')',
  'SELECT session_auth.add_key(''k'', ''HS256'', '''')',
  'SELECT session_auth.add_key(''k'', ''HS256'', ''short'')',
  'SELECT session_auth.add_cookie_secret(''unknown'', ''secret'')',
  'SELECT session_auth.import_jwks(''me'', ''{"keys": 1}'')',
  'SELECT session_auth.protect_table(''pg_class'')',
  'SELECT session_auth.protect_table(''public.notes'', owner_column => ''missing'')',
  'SELECT session_auth.adopt_sessions(''public.notes'', ''id'', ''owner'', ''owner'')']) call;
SELECT is(public.context_of('SELECT session_auth.create_session('''')'), '22023 PL/pgSQL function context_of(text) line 5 at EXECUTE',
  'so it is with a function in C');

-- nor with the guards, whose callers run a migration and know of no function of ours
SELECT session_auth.protect_table('public.notes') \g /dev/null
SELECT matches(public.context_of(command), '^42501 (SQL statement "[^"]*"\n)?PL/pgSQL function context_of\(text\) line 5 at EXECUTE$', command)
FROM unnest(ARRAY[
  'ALTER TABLE session_auth.sessions ADD note text',
  'ALTER TABLE session_auth.role_parents DROP CONSTRAINT role_parents_role_fkey',
  'SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE public.notes DISABLE ROW LEVEL SECURITY']) command;

-- the frames of whoever catches it are as they were
CREATE FUNCTION public.catches() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  context text;
BEGIN
  BEGIN
    PERFORM session_auth.create_role('');
  EXCEPTION WHEN invalid_parameter_value THEN
    GET DIAGNOSTICS context = PG_CONTEXT;
  END;
  PERFORM 1 / 0;
END $$;
CREATE FUNCTION public.catches_twice() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  BEGIN PERFORM public.catches(); EXCEPTION WHEN division_by_zero THEN NULL; END;
  PERFORM session_auth.create_role('');
END $$;
SELECT alike(public.context_of('SELECT public.catches()'), '22012 SQL %PL/pgSQL function catches() line 10 at PERFORM%PL/pgSQL function context_of(text) line 5 at EXECUTE', 'after it was caught the next error has every frame');
SELECT is(public.context_of('SELECT public.catches_twice()'), '22023 PL/pgSQL function catches_twice() line 4 at PERFORM
SQL statement "SELECT public.catches_twice()"
PL/pgSQL function context_of(text) line 5 at EXECUTE', '… and the caller''s own frames stay');
SELECT throws_ok('SELECT session_auth.create_role('''')', '22023', 'invalid role', 'in a subtransaction too');

SELECT * FROM finish();
