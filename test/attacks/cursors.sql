-- Attack: a cursor, a FOR loop, a refcursor, or a function in the midst of a query,
-- that has taken rows for one identity and would take the rest for another.
-- Holds: changing the identity is refused (55000) while a cursor is open; where the
-- caller's own query changes it, the scan's rows stay those of one identity.
-- Guards: src/identity/identity.c, identity_require_changeable().
SELECT plan(15);
\ir people.psql
CREATE TABLE notes (id int, owner text);
INSERT INTO notes VALUES (1, 'alice'), (2, 'bob'), (3, 'alice'), (4, 'bob');
SELECT session_auth.import_permissions('{"ADMIN": ["view:notes"], "USER": ["view:notes"]}') \g /dev/null
SELECT session_auth.protect_table('notes', owner_column => 'owner') \g /dev/null
GRANT ALL ON notes TO sa_request;
PREPARE change(text) AS SELECT FROM session_auth.authenticate($1);

SET ROLE sa_request;
BEGIN;
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
DECLARE declared CURSOR FOR SELECT owner FROM notes;
SELECT throws_ok(format('EXECUTE change(%L)', :'bob'), '55000', NULL, 'declared, not fetched from yet');
FETCH 1 FROM declared \g /dev/null
SELECT throws_ok(format('EXECUTE change(%L)', :'bob'), '55000', NULL, 'fetched from');
SELECT throws_ok(format('SELECT FROM session_auth.authenticate(%L, ''connection'')', :'bob'), '55000', NULL, 'for scope connection too');
SELECT throws_ok('SELECT session_auth.authenticate(NULL)', '55000', NULL, 'said before a token is looked at');
SAVEPOINT s;
SELECT throws_ok(format('EXECUTE change(%L)', :'bob'), '55000', NULL, 'within a savepoint');
ROLLBACK TO s;
FETCH 1 FROM declared \gset rest_
SELECT is(:'rest_owner'::text, 'alice', 'the cursor goes on as it was');
COMMIT;

-- deauthenticate may: nobody's rows are then fewer, never another's
BEGIN;
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
DECLARE c CURSOR FOR SELECT owner FROM notes;
SELECT session_auth.deauthenticate() \g /dev/null
SELECT is((SELECT count(*) FROM notes), 0::bigint, 'deauthenticate is allowed and in force');
SELECT lives_ok('CLOSE c', 'the cursor can be closed');
COMMIT;

-- a loop of PL/pgSQL is a cursor too, pinned or not
SELECT throws_ok(format($$DO $do$ DECLARE n record; BEGIN
  PERFORM session_auth.authenticate(%L);
  FOR n IN SELECT owner FROM public.notes LOOP PERFORM session_auth.authenticate(%L); END LOOP;
END $do$ $$, :'alice', :'bob'), '55000', NULL, 'a FOR loop of PL/pgSQL');
SELECT throws_ok(format($$DO $do$ DECLARE c refcursor; BEGIN
  PERFORM session_auth.authenticate(%L);
  OPEN c FOR SELECT owner FROM public.notes;
  PERFORM session_auth.authenticate(%L);
END $do$ $$, :'alice', :'bob'), '55000', NULL, 'a refcursor');

-- a query that changes the identity while it scans
CREATE FUNCTION pg_temp.becomes(token text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$ BEGIN PERFORM session_auth.authenticate(token); RETURN true; END $$;
BEGIN;
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
SELECT string_agg(DISTINCT owner, ',') AS seen FROM notes WHERE pg_temp.becomes(:'bob') \gset
SELECT is(:'seen'::text, 'alice', 'a function in WHERE: the policy was asked once, for the one who began');
SELECT is(who(), 'bob', '… and the next statement is the other''s');
COMMIT;
SELECT count(*) AS n FROM session_auth.authenticate(:'bob') a, notes WHERE notes.owner = 'alice' \gset
SELECT is(:'n'::text, '0', 'authenticate beside the table in FROM: never the other''s rows');

-- a cursor that a subtransaction took down is not open
BEGIN;
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
SAVEPOINT s;
DECLARE gone CURSOR FOR SELECT 1;
FETCH gone \g /dev/null
ROLLBACK TO s;
SELECT lives_ok(format('EXECUTE change(%L)', :'bob'), 'a cursor that was rolled back holds nobody up');
SELECT is(who(), 'bob', 'the identity is the new one');
COMMIT;

SELECT * FROM finish();
