-- Attack: ending a transaction in unusual ways (a failed deferred constraint or
-- trigger, a procedure's COMMIT in a loop, several transactions in one message,
-- CHAIN, a failed COMMIT), so that the next client finds an identity.
-- Holds: a transaction's identity is gone after it. Guards: src/identity/identity.c,
-- identity_set() (GUC_ACTION_LOCAL). PREPARE TRANSACTION is in test/t/pooling.t.
-- Also: test/pgtap/identity.sql, test/attacks/identity_and_roles.sql,
-- test/attacks/savepoints.t.
SELECT plan(11);
\ir people.psql

CREATE TABLE seen (step int GENERATED ALWAYS AS IDENTITY, who text);
GRANT ALL ON seen TO PUBLIC;
CREATE TABLE strict (x int UNIQUE DEFERRABLE INITIALLY DEFERRED);
GRANT ALL ON strict TO PUBLIC;
CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.x < 0 THEN RAISE EXCEPTION 'too late'; END IF;
  INSERT INTO public.seen (who) VALUES ('late ' || public.who());
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON strict DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late();
CREATE PROCEDURE hops(tokens text[]) LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1..cardinality(tokens) LOOP
    INSERT INTO public.seen (who) VALUES ('before ' || public.who());
    PERFORM session_auth.authenticate(tokens[i]);
    INSERT INTO public.seen (who) VALUES ('in ' || public.who());
    IF i % 2 = 0 THEN COMMIT; ELSE COMMIT AND CHAIN; END IF;
  END LOOP;
  INSERT INTO public.seen (who) VALUES ('after ' || public.who());
END $$;

SET ROLE sa_request;
CALL hops(ARRAY[:'alice', :'bob', :'alice']);
SELECT results_eq('SELECT who FROM seen ORDER BY step',
  $$VALUES ('before nobody'), ('in alice'), ('before nobody'), ('in bob'), ('before nobody'), ('in alice'), ('after nobody')$$, 'each COMMIT of a procedure ends it');

\set ON_ERROR_STOP off
BEGIN;
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
INSERT INTO strict VALUES (-1);
COMMIT;
SELECT is(who(), 'nobody', 'a deferred trigger that fails at COMMIT');
BEGIN;
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
INSERT INTO strict VALUES (1), (1);
SET CONSTRAINTS ALL IMMEDIATE;
SELECT 1;
COMMIT AND CHAIN;
SELECT is(who(), 'nobody', 'a constraint that fails, then COMMIT AND CHAIN of what failed');
ROLLBACK;
BEGIN;
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
INSERT INTO strict VALUES (2);
COMMIT;
\set ON_ERROR_STOP on
SELECT is(who, 'late alice', 'a deferred trigger at COMMIT still has the identity') FROM seen ORDER BY step DESC LIMIT 1;
SELECT is(who(), 'nobody', '… and the next client has not');

-- several transactions in one message, where statements share their start
SELECT FROM session_auth.authenticate(:'alice')\; BEGIN\; COMMIT\; INSERT INTO seen (who) SELECT 'one message ' || who();
SELECT is(who, 'one message nobody', 'BEGIN and COMMIT in one message') FROM seen ORDER BY step DESC LIMIT 1;
BEGIN\; SELECT FROM session_auth.authenticate(:'alice')\; ROLLBACK AND CHAIN\; INSERT INTO seen (who) SELECT 'chained ' || who()\; COMMIT;
SELECT is(who, 'chained nobody', 'ROLLBACK AND CHAIN in one message') FROM seen ORDER BY step DESC LIMIT 1;
\set ON_ERROR_STOP off
SELECT FROM session_auth.authenticate(:'alice')\; SELECT 1 / 0\; SELECT 1;
\set ON_ERROR_STOP on
SELECT is(who(), 'nobody', 'an error in the middle of one message');
SELECT FROM session_auth.authenticate(:'alice')\; INSERT INTO seen (who) SELECT 'implicit ' || who();
SELECT is(who, 'implicit alice', 'an implicit transaction lasts to the end of its message') FROM seen ORDER BY step DESC LIMIT 1;
SELECT is(who(), 'nobody', '… and no further');
SELECT is(count(*), 0::bigint, 'and nobody sees no row') FROM accounts;

SELECT * FROM finish();
