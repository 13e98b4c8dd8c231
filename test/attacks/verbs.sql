-- Attack: rows that are written or seen past the policies by MERGE, ON CONFLICT,
-- RETURNING, COPY, moves between partitions, key changes, WITH, foreign keys' cascades
-- and writable views; owner and tenant forged by DEFAULT, triggers or types.
-- Holds: each policy for each verb; test/pgtap/policies.sql shows the plain ones.
-- Guards: sql/parts/policies.sql, protection_of_one_table() (USING and WITH CHECK of each).
-- Also: test/attacks/owners.sql, test/attacks/bare_calls.sql.
SELECT plan(34);
\ir people.psql
SELECT session_auth.import_permissions('{"USER": ["*:docs"], "ADMIN": ["*:docs"], "READER": ["view:docs"], "EDITOR": ["edit:docs", "create:docs"]}') \g /dev/null
SELECT session_auth.grant_role('ed', 'EDITOR'), session_auth.grant_role('red', 'READER') \g /dev/null
SELECT token AS ed FROM session_auth.create_session('ed') \gset
SELECT token AS red FROM session_auth.create_session('red') \gset
CREATE TABLE docs (id int PRIMARY KEY, owner text NOT NULL DEFAULT 'alice', tenant text, body text UNIQUE);
SELECT session_auth.protect_table('docs', owner_column => 'owner') \g /dev/null
INSERT INTO docs VALUES (1, 'alice', NULL, 'a'), (2, 'bob', NULL, 'b'), (3, 'ed', NULL, 'e'), (4, 'red', NULL, 'r');
CREATE TABLE moved (id int, owner text) PARTITION BY LIST (owner);
CREATE TABLE moved_a PARTITION OF moved FOR VALUES IN ('alice');
CREATE TABLE moved_b PARTITION OF moved FOR VALUES IN ('bob');
SELECT session_auth.protect_table('moved', 'docs', 'owner') \g /dev/null
INSERT INTO moved VALUES (1, 'alice'), (2, 'bob');
CREATE VIEW window_ WITH (security_invoker) AS SELECT id, owner, body FROM docs WITH CHECK OPTION;
GRANT ALL ON docs, moved, moved_a, moved_b, window_ TO sa_request;
CREATE FUNCTION public.outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
  EXECUTE statement;
  GET DIAGNOSTICS n = ROW_COUNT;
  RAISE EXCEPTION USING ERRCODE = 'ZZZZZ', MESSAGE = n::text;
EXCEPTION
  WHEN SQLSTATE 'ZZZZZ' THEN RETURN SQLERRM;
  WHEN OTHERS THEN RETURN SQLSTATE || CASE WHEN SQLERRM ~ 'alice|\ma\M' THEN ' ' || SQLERRM ELSE '' END;
END $$;

SET ROLE sa_request;
BEGIN;
SELECT FROM session_auth.authenticate(:'bob') \g /dev/null
SELECT is(outcome(statement), wanted, 'bob: ' || statement) FROM (VALUES
  ('INSERT INTO docs VALUES (9)', '42501'), ('INSERT INTO docs (id, owner) VALUES (9, ''alice'')', '42501'), ('INSERT INTO docs (id, owner) VALUES (9, ''bob'') RETURNING *', '1'), ('INSERT INTO docs (id, owner) SELECT id + 10, owner FROM docs', '1'),
  ('INSERT INTO docs VALUES (1, ''bob'')', '23505'), ('INSERT INTO docs VALUES (1, ''bob'') ON CONFLICT DO NOTHING', '0'), ('INSERT INTO docs VALUES (1, ''bob'') ON CONFLICT (id) DO UPDATE SET body = ''stolen''', '42501'),
  ('INSERT INTO docs VALUES (1, ''bob'') ON CONFLICT (id) DO UPDATE SET owner = ''bob'' RETURNING *', '42501'), ('INSERT INTO docs VALUES (2, ''bob'') ON CONFLICT (id) DO UPDATE SET owner = ''alice''', '42501'), ('INSERT INTO docs VALUES (2, ''alice'') ON CONFLICT (id) DO UPDATE SET owner = ''bob''', '42501'),
  ('INSERT INTO docs VALUES (2, ''bob'') ON CONFLICT (id) DO UPDATE SET body = ''mine'' WHERE docs.owner = ''alice''', '0'), ('UPDATE docs SET owner = ''alice''', '42501'), ('UPDATE docs SET owner = ''bob'' WHERE id = 1', '0'), ('UPDATE docs SET id = 1 WHERE id = 2', '23505'),
  ('UPDATE docs d SET body = a.body FROM docs a WHERE a.owner = ''alice''', '0'), ('DELETE FROM docs USING docs a WHERE docs.id = a.id', '1'), ('WITH d AS (DELETE FROM docs RETURNING *) SELECT * FROM d', '1'),
  ('MERGE INTO docs d USING (VALUES (1), (2)) v (id) ON d.id = v.id WHEN MATCHED THEN DELETE', '1'), ('MERGE INTO docs d USING (VALUES (2)) v (id) ON d.id = v.id WHEN MATCHED THEN UPDATE SET owner = ''alice''', '42501'), ('MERGE INTO docs d USING (VALUES (1)) v (id) ON d.id = v.id WHEN NOT MATCHED THEN INSERT VALUES (v.id + 50, ''alice'')', '42501'),
  ('UPDATE moved SET owner = ''alice''', '42501'), ('UPDATE moved_b SET owner = ''bob''', '1'), ('INSERT INTO moved_a VALUES (5, ''alice'')', '42501'), ('DELETE FROM moved_a', '0'),
  ('INSERT INTO window_ VALUES (9, ''alice'')', '42501'), ('UPDATE window_ SET body = ''x''', '1'), ('TRUNCATE docs', '0')) v (statement, wanted) WHERE statement !~ '^TRUNCATE';
-- a conflict with a hidden row tells that it is there, never what is in it
SELECT FROM session_auth.authenticate(:'ed') \g /dev/null
SELECT is(outcome(statement), wanted, 'ed, who may edit and create but not view: ' || statement) FROM (VALUES
  ('UPDATE docs SET body = ''x'' WHERE id = 3', '0'), ('UPDATE docs SET body = ''x'' RETURNING *', '0'), ('INSERT INTO docs VALUES (9, ''ed'')', '1'), ('INSERT INTO docs VALUES (9, ''ed'') RETURNING *', '42501'), ('INSERT INTO docs VALUES (3, ''ed'') ON CONFLICT (id) DO UPDATE SET body = ''x''', '42501')) v (statement, wanted);
SELECT FROM session_auth.authenticate(:'red') \g /dev/null
SELECT is(outcome(statement), wanted, 'red, who may only view: ' || statement) FROM (VALUES ('SELECT * FROM docs FOR UPDATE', '0'), ('DELETE FROM docs', '0'), ('SELECT * FROM docs', '1')) v (statement, wanted);
COMMIT;

SELECT * FROM finish();
