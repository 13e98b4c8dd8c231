-- Attack: a WITH HOLD cursor that is left on a pooled connection to keep the next
-- client from authenticating; rows taken from it for somebody else than who was there
-- at COMMIT; one declared in this transaction, whose rows are not stored yet.
-- Holds: its rows are those of the identity at COMMIT, stored then, and it is in
-- nobody's way; in its own transaction the identity cannot change. Documented.
-- Guards: src/identity/cursor.c, is_stored() and takes_more_rows(). cursors.sql has the others,
-- test/t/pooling.t two clients of a pool, test/t/portals.t those of the wire protocol.
-- Also: test/t/pgbouncer.t, test/t/pooled_clients.t.
\ir people.psql
-- DISCARD ALL would take pgTAP's own tables with it, so it comes first
BEGIN;
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
DECLARE first CURSOR WITH HOLD FOR SELECT who() AS by FROM accounts;
COMMIT;
DISCARD ALL;
SELECT count(*) AS after_discard FROM pg_cursors WHERE is_holdable \gset
SELECT plan(19);
SELECT is(:'after_discard'::text, '0', 'DISCARD ALL ends held cursors');

CREATE FUNCTION remaining(c refcursor) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  n int := 0;
BEGIN
  LOOP
    MOVE NEXT FROM c;
    EXIT WHEN NOT FOUND;
    n := n + 1;
  END LOOP;
  RETURN n;
END $$;

SET ROLE sa_request;
BEGIN;
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
DECLARE kept CURSOR WITH HOLD FOR SELECT who() AS by, count(*) OVER () AS n FROM accounts;
COMMIT;
SELECT lives_ok(format('SELECT FROM session_auth.authenticate(%L)', :'bob'), 'bob authenticates beside alice''s stored rows');
FETCH kept \gset kept_
SELECT is(:'kept_by' || :'kept_n', 'alice3', 'the rows are alice''s, who was there at COMMIT');
BEGIN;
SELECT FROM session_auth.authenticate(:'bob') \g /dev/null
FETCH kept \gset kept_
SELECT is(:'kept_by' || :'kept_n', 'alice3', 'bob, too, fetches what was stored for alice, and nothing of his');
SELECT lives_ok(format('SELECT FROM session_auth.authenticate(%L)', :'alice'), 'after a FETCH in this transaction it is still in nobody''s way');
SELECT lives_ok(format('SELECT FROM session_auth.authenticate(%L, ''connection'')', :'alice'), '… nor in that of scope connection');
SELECT session_auth.deauthenticate() \g /dev/null
SAVEPOINT s;
MOVE NEXT FROM kept;
ROLLBACK TO s;
SELECT lives_ok(format('SELECT FROM session_auth.authenticate(%L)', :'bob'), '… nor after a savepoint in which it was used');
-- another beside it, of this transaction
DECLARE young CURSOR WITH HOLD FOR SELECT who() AS by FROM accounts;
SELECT throws_ok(format('SELECT FROM session_auth.authenticate(%L)', :'alice'), '55000', NULL, 'one WITH HOLD of this transaction refuses');
SELECT throws_ok('SELECT session_auth.authenticate(NULL)', '55000', NULL, '… before a token is looked at');
FETCH young \g /dev/null
SELECT throws_ok(format('SELECT FROM session_auth.authenticate(%L)', :'alice'), '55000', NULL, '… fetched from');
SAVEPOINT s;
SELECT throws_ok(format('SELECT FROM session_auth.authenticate(%L)', :'alice'), '55000', NULL, '… within a savepoint');
RELEASE s;
CLOSE young;
DECLARE plain CURSOR FOR SELECT who() AS by FROM accounts;
SELECT throws_ok(format('SELECT FROM session_auth.authenticate(%L)', :'alice'), '55000', NULL, 'and so does a plain one');
CLOSE plain;
SELECT throws_ok(format($$DO $do$ DECLARE n record; BEGIN
  FOR n IN SELECT generate_series(1, 3) LOOP PERFORM session_auth.authenticate(%L); END LOOP;
END $do$ $$, :'alice'), '55000', NULL, 'and a loop of PL/pgSQL');
COMMIT;
CLOSE ALL;
SELECT lives_ok(format('SELECT FROM session_auth.authenticate(%L)', :'bob'), 'CLOSE ALL is in nobody''s way either');

-- a loop that commits has stored its rows before it goes on
CREATE TABLE pg_temp.seen (owner text, by text);
\set loop 'DO $do$ DECLARE n record; t text := current_setting(''held.bob''); BEGIN PERFORM session_auth.authenticate(current_setting(''held.alice'')); FOR n IN SELECT who() AS owner FROM public.accounts LOOP COMMIT; PERFORM session_auth.authenticate(t); INSERT INTO pg_temp.seen VALUES (n.owner, who()); END LOOP; END $do$'
SELECT set_config('held.alice', :'alice', false), set_config('held.bob', :'bob', false) \g /dev/null
:loop;
SELECT results_eq('SELECT DISTINCT owner, by FROM pg_temp.seen', $$VALUES ('alice', 'bob')$$, 'a loop that commits: its rows are those of who began it');

-- dropped before COMMIT: the rows are nobody's
BEGIN;
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
DECLARE none CURSOR WITH HOLD FOR SELECT who() AS by, id FROM accounts;
SELECT session_auth.deauthenticate() \g /dev/null
COMMIT;
SELECT is((SELECT count(*) FROM accounts), 0::bigint, 'nobody is authenticated');
SELECT is(remaining('none'), 0, 'and the cursor that alice declared was filled for nobody');
SELECT is_empty('SELECT FROM pg_cursors WHERE name <> ''none'' AND is_holdable', 'no other is open');
CLOSE ALL;
SELECT lives_ok(format('SELECT FROM session_auth.authenticate(%L)', :'bob'), 'and the connection is the next one''s');
SELECT * FROM finish();
