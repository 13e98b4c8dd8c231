-- Attack: a user whose id is another spelling of somebody's number, uuid or name, or
-- is longer than a column can hold, so that a cast makes it that somebody's.
-- Holds: such an id owns nothing, and the query raises nothing.
-- Guards: src/sql/sql_id_value.c; sql/parts/policies.sql, identity_condition().
SELECT plan(9);
\ir people.psql
CREATE EXTENSION citext;
CREATE TYPE public.team AS ENUM ('red');
CREATE TABLE public.owned (id int, n int, u uuid, m numeric, c citext, b char(8), t text, e team);
INSERT INTO owned VALUES (1, 7, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 5, 'alice', 'alice', 'alice', 'red');
GRANT ALL ON owned TO sa_request;
CREATE FUNCTION public.taken(owner_column name, id text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
BEGIN
  RESET ROLE;
  PERFORM session_auth.protect_table('owned', 'accounts', owner_column);
  PERFORM session_auth.impersonate(id, '{ADMIN}');
  SET LOCAL ROLE sa_request;
  SELECT count(*) INTO n FROM owned;
  RESET ROLE;
  RETURN n;
END $$;
BEGIN;
SELECT is(taken('n', '7'), 1::bigint, 'the owner has the row');
SELECT is(taken('n', '007'), 0::bigint, 'an integer, spelled another way');
SELECT is(taken('m', '5.0'), 0::bigint, 'a numeric');
SELECT is(taken('u', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'), 0::bigint, 'a uuid');
SELECT is(taken('c', 'ALICE'), 0::bigint, 'citext');
SELECT is(taken('b', 'alice '), 0::bigint, 'char');
SELECT is(taken('t', 'Alice'), 0::bigint, 'text');
SELECT is(taken('e', 'redder'), 0::bigint, 'an enum, and no error');
SELECT is(taken('n', 'alice'), 0::bigint, 'no number at all, and no error');
COMMIT;

SELECT * FROM finish();
