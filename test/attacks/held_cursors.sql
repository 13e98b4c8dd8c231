-- Attack: rows of one user, kept in a WITH HOLD cursor on a pooled connection, and
-- fetched by the next; or filled at COMMIT for somebody else than who declared it.
-- Holds: its rows are those of the identity at COMMIT; while it is open nobody else
-- authenticates there, and DISCARD ALL and CLOSE ALL end it. Documented.
-- Guards: src/identity/identity.c, identity_require_no_cursor().
\ir people.psql
-- DISCARD ALL would take pgTAP's own tables with it, so it comes first
BEGIN;
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
DECLARE first CURSOR WITH HOLD FOR SELECT who() AS by FROM accounts;
COMMIT;
DISCARD ALL;
SELECT count(*) AS after_discard FROM pg_cursors WHERE is_holdable \gset
SELECT plan(8);
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
SELECT throws_ok(format('SELECT FROM session_auth.authenticate(%L)', :'bob'), '55000', NULL, 'bob does not authenticate beside alice''s rows');
FETCH kept \gset kept_
SELECT is(:'kept_by' || :'kept_n', 'alice3', 'the rows are alice''s, who was there at COMMIT');
CLOSE ALL;
SELECT lives_ok(format('SELECT FROM session_auth.authenticate(%L)', :'bob'), 'CLOSE ALL lets bob in');

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
