-- Attack: plans in which several nodes name one subplan, as the filters of partitions and of
-- children do and an index condition with its recheck, over protected tables: their scans are
-- met more than once when the gate is put in. Holds: the same rows with and without
-- session_auth.gate_policies, for each identity and kind of policy, and an end.
-- Guards: src/executor/plan_nodes.c, met_before().
-- Also: test/pgtap/gate.sql, test/attacks/gate.sql, test/attacks/gate_changes.sql,
-- test/attacks/gate_rechecks.t.
SELECT plan(26);
\ir people.psql

SET statement_timeout = '20s';
CREATE TABLE parts (id int, org int) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (50);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (50) TO (100);
CREATE TABLE parent (id int, org int);
CREATE TABLE child () INHERITS (parent);
CREATE TABLE keyed (id int PRIMARY KEY);
CREATE TABLE members (org int, owner text);
INSERT INTO parts SELECT n, n % 10 FROM generate_series(1, 99) n;
INSERT INTO parent SELECT n, n % 10 FROM generate_series(1, 50) n; INSERT INTO child SELECT n, n % 10 FROM generate_series(51, 99) n;
INSERT INTO keyed SELECT generate_series(1, 99);
-- more than are tested before a filter is made anew
INSERT INTO members SELECT n % 3, (ARRAY['alice', 'bob'])[n % 2 + 1] FROM generate_series(1, 1500) n;
ANALYZE parts, parent, keyed, members;
GRANT SELECT ON parts, parent, keyed, members TO sa_request;
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
ALTER TABLE parts ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON parts USING (org IN (SELECT m.org FROM members m));

CREATE TABLE policies (n int GENERATED ALWAYS AS IDENTITY, condition text, restriction text);
INSERT INTO policies (condition, restriction) VALUES
  ($$(SELECT session_auth.has_permission('view', 'accounts'))$$, 'true'),
  ($$session_auth.has_permission('view', 'accounts')$$, 'true'),
  ($$owner = session_auth.user_id()$$, 'true'),
  ($$owner = session_auth.user_id()$$, $$(SELECT session_auth.is_authenticated())$$),
  ($$owner = session_auth.user_id()$$, $$session_auth.has_permission('view', 'accounts')$$),
  ($$owner = (SELECT session_auth.user_id())$$, $$(SELECT session_auth.has_permission('view', 'accounts'))$$);
CREATE TABLE queries (n int GENERATED ALWAYS AS IDENTITY, query text);
INSERT INTO queries (query) VALUES
  ('SELECT sum(id) FROM parts'),
  ('SELECT sum(id) FROM parent WHERE org NOT IN (SELECT org FROM members)'),
  ('SELECT sum(k.id) FROM parent o JOIN keyed k ON k.id = (SELECT sum(m.org)::int % 7 + o.org FROM members m)'),
  ('SELECT sum(k.id) FROM parts o JOIN keyed k ON k.id = (SELECT count(*)::int % 7 + o.org FROM members m)');
CREATE TABLE seen (gate text, policy int, query int, who text, sum bigint);
GRANT ALL ON seen, queries TO sa_request;

CREATE FUNCTION public.look(policy int, tokens text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  queries text[] := (SELECT array_agg(query ORDER BY q.n) FROM queries q);
  found bigint;
BEGIN
  FOR q IN 1..cardinality(queries) LOOP
    FOR i IN 1..cardinality(tokens) LOOP
      PERFORM session_auth.deauthenticate();
      IF tokens[i] <> '' THEN PERFORM session_auth.authenticate(tokens[i]); END IF;
      EXECUTE queries[q] INTO found;
      INSERT INTO public.seen VALUES (current_setting('session_auth.gate_policies'), policy, q, session_auth.user_id(), found);
    END LOOP;
  END LOOP;
END $$;
CREATE FUNCTION public.try(tokens text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  conditions text[] := (SELECT array_agg(condition ORDER BY p.n) FROM policies p);
  restrictions text[] := (SELECT array_agg(restriction ORDER BY p.n) FROM policies p);
BEGIN
  FOR p IN 1..cardinality(conditions) LOOP
    DROP POLICY IF EXISTS a ON members;
    DROP POLICY IF EXISTS b ON members;
    EXECUTE format('CREATE POLICY a ON members USING (%s)', conditions[p]);
    EXECUTE format('CREATE POLICY b ON members AS RESTRICTIVE USING (%s)', restrictions[p]);
    SET LOCAL ROLE sa_request;
    PERFORM look(p, tokens);
    RESET ROLE;
  END LOOP;
END $$;
SELECT ARRAY['', :'alice', :'bob'] AS tokens \gset
SET session_auth.gate_policies = off; SET session_auth.fold_filters = off;
SELECT try(:'tokens') \g /dev/null
SET session_auth.gate_policies = on; SET session_auth.fold_filters = on;
SELECT try(:'tokens') \g /dev/null

SELECT is((SELECT string_agg(concat_ws(' ', coalesce(s.who, 'nobody'), coalesce(s.sum::text, 'none')), ', ' ORDER BY s.who) FROM seen s WHERE (s.gate, s.policy, s.query) = ('on', p.n, q.n)),
  (SELECT string_agg(concat_ws(' ', coalesce(s.who, 'nobody'), coalesce(s.sum::text, 'none')), ', ' ORDER BY s.who) FROM seen s WHERE (s.gate, s.policy, s.query) = ('off', p.n, q.n)),
  format('%s, %s: %s', p.condition, p.restriction, q.query))
FROM policies p, queries q ORDER BY p.n, q.n;

-- Nested, they are met as often as there are ways to them: 60 to the fifth here. Opening a cursor that can
-- scroll starts the executor and does no more; PostgreSQL itself walks all of these ways when a query ends.
CREATE FUNCTION public.nest(depth int, width int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  FOR d IN 0..depth LOOP
    EXECUTE format('CREATE TABLE nest_%s (id int, org int) PARTITION BY LIST (id)', d);
    EXECUTE (SELECT string_agg(format('CREATE TABLE nest_%s_%s PARTITION OF nest_%1$s FOR VALUES IN (%2$s)', d, i), '; ') FROM generate_series(1, width) i);
    EXECUTE format('GRANT SELECT ON nest_%s TO sa_request', d);
  END LOOP;
  FOR d IN 0..depth - 1 LOOP
    EXECUTE format('ALTER TABLE nest_%s ENABLE ROW LEVEL SECURITY', d);
    EXECUTE format('CREATE POLICY p ON nest_%s USING (org = (SELECT count(*) FROM nest_%s n WHERE n.org > nest_%1$s.org))', d, d + 1);
  END LOOP;
END $$;
SELECT nest(5, 60) \g /dev/null
SET statement_timeout = '5s';
SET ROLE sa_request;
BEGIN;
SELECT lives_ok('DECLARE nested SCROLL CURSOR FOR SELECT id FROM nest_0', 'subplans in subplans are walked once');
COMMIT;
RESET ROLE;
SET max_parallel_workers_per_gather = 0; SET jit = off;
SET ROLE sa_request;
SELECT is((SELECT count(*) FROM nest_3), 0::bigint, '… and the rows are what they are');
RESET ROLE;
SELECT * FROM finish();
