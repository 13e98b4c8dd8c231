-- Part jit: scans under each setting of JIT, with the gate and folding over the same
-- without. x is the place in bench.jit_ways.

SET client_min_messages = warning;

-- As in life, a partition has few rows.
CREATE TABLE bench.parts (LIKE bench.items) PARTITION BY HASH (id);
SELECT format('CREATE TABLE bench.part_%s PARTITION OF bench.parts FOR VALUES WITH (MODULUS %s, REMAINDER %1$s)', n, :partitions)
FROM generate_series(0, :partitions - 1) n \gexec
INSERT INTO bench.parts SELECT * FROM bench.items WHERE id <= 200 * :partitions;

-- Each level's policy asks the next: a subplan that the filters of all its partitions name.
-- They are empty, so that starting the query is all that there is to do.
CREATE PROCEDURE bench.nest(levels integer, partitions integer)
LANGUAGE plpgsql AS $$
BEGIN
  FOR n IN 0..levels LOOP
    EXECUTE format('CREATE TABLE bench.nested_%s (id int, org int) PARTITION BY HASH (id)', n);
    FOR i IN 0..partitions - 1 LOOP
      EXECUTE format('CREATE TABLE bench.nested_%s_%s PARTITION OF bench.nested_%1$s FOR VALUES WITH (MODULUS %3$s, REMAINDER %2$s)', n, i, partitions);
    END LOOP;
  END LOOP;
  FOR n IN 0..levels - 1 LOOP
    EXECUTE format('ALTER TABLE bench.nested_%s ENABLE ROW LEVEL SECURITY', n);
    EXECUTE format('CREATE POLICY next ON bench.nested_%s USING (org = (SELECT count(*) FROM bench.nested_%s n WHERE n.org > nested_%1$s.org))', n, n + 1);
  END LOOP;
END
$$;
CALL bench.nest(2, 3 * :partitions);
VACUUM ANALYZE bench.parts;
GRANT SELECT ON ALL TABLES IN SCHEMA bench TO bench_app;

CREATE TABLE bench.jit_ways (x integer, settings text[]);
INSERT INTO bench.jit_ways VALUES
  (0, '{jit,off}'),
  (1, '{jit,on,jit_above_cost,100000,jit_inline_above_cost,500000,jit_optimize_above_cost,500000}'),
  (2, '{jit,on,jit_above_cost,0,jit_inline_above_cost,-1,jit_optimize_above_cost,-1}'),
  (3, '{jit,on,jit_above_cost,0,jit_inline_above_cost,0,jit_optimize_above_cost,0}'),
  (4, '{jit,on,jit_above_cost,0,jit_inline_above_cost,-1,jit_optimize_above_cost,-1,max_parallel_workers_per_gather,2,min_parallel_table_scan_size,0,parallel_setup_cost,0,parallel_tuple_cost,0,parallel_leader_participation,off}');

CREATE TABLE bench.jit_scans (n integer GENERATED ALWAYS AS IDENTITY, item text, target text, condition text);
INSERT INTO bench.jit_scans (item, target, condition)
SELECT item, target, condition FROM (VALUES
  (1, 'no policy', 'true'),
  (2, 'owner_id = user_id()', 'owner_id = session_auth.user_id()'),
  (3, 'has_permission(action, column)', $q$session_auth.has_permission('view', resource)$q$),
  (4, 'has_permission(role(), action, column)', $q$session_auth.has_permission(session_auth.role(), 'view', resource)$q$),
  (5, 'has_permission(action, column) AND id > 0', $q$session_auth.has_permission('view', resource) AND id > 0$q$),
  (6, 'has_permission(constants)', $q$session_auth.has_permission('view', 'project:1')$q$),
  (7, 'protect_table', NULL)) c (n, item, condition), unnest('{items,parts}'::text[]) target
ORDER BY target, c.n;
INSERT INTO bench.jit_scans (item, target) VALUES ('three levels of subplans', 'nested');

CREATE TABLE bench.jit_samples (item text, target text, x integer, round integer, off_ns float8, on_ns float8);

CREATE VIEW bench.jit_ratios AS
SELECT s.target, s.item, s.x, count(*) AS samples,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY s.on_ns / s.off_ns) AS ratio,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY s.off_ns) AS off_ns
FROM bench.jit_samples s JOIN bench.jit_scans c USING (item, target)
GROUP BY s.target, s.item, s.x, c.n ORDER BY c.n, s.x;

CREATE FUNCTION bench.time_as_app(query text, gate boolean) RETURNS float8
LANGUAGE plpgsql AS $$
DECLARE
  ns float8;
BEGIN
  PERFORM bench.set_gate(gate);
  SET LOCAL ROLE bench_app;
  ns := bench.time_query(query);
  RESET ROLE;
  RETURN ns;
END
$$;

-- The policy of a scan; those of nested tables stand already.
CREATE PROCEDURE bench.write_jit_policy(scan bench.jit_scans)
LANGUAGE plpgsql AS $$
BEGIN
  IF scan.target <> 'nested' THEN
    PERFORM bench.write_policy((scan.item, 'bench.' || scan.target, scan.condition, true)::bench.scan);
  END IF;
  IF scan.condition = 'true' THEN
    EXECUTE format('ALTER TABLE bench.%s DISABLE ROW LEVEL SECURITY', scan.target);
  END IF;
END
$$;

-- One of both runs first in one round, the other in the next; what is over in a moment is
-- repeated, in turns too.
CREATE PROCEDURE bench.measure_jit_scan(scan bench.jit_scans, way integer, round integer)
LANGUAGE plpgsql AS $$
DECLARE
  query text := CASE scan.target WHEN 'nested' THEN 'SELECT count(*) FROM bench.nested_0' ELSE bench.scan_query(('bench.' || scan.target)::regclass) END;
  ns float8[] := '{0,0}';
  -- the first run fills the caches of a new policy
  times integer := greatest(1, least(25, 2e7 / bench.time_as_app(query, true)))::integer;
  first integer;
BEGIN
  FOR i IN 1..times LOOP
    first := (round + i) % 2;
    ns[1 + first] := ns[1 + first] + bench.time_as_app(query, first = 1);
    ns[2 - first] := ns[2 - first] + bench.time_as_app(query, first = 0);
  END LOOP;
  INSERT INTO bench.jit_samples SELECT scan.item, scan.target, way, round, ns[1] / times, ns[2] / times;
END
$$;

CREATE PROCEDURE bench.measure_jit(round integer)
LANGUAGE plpgsql AS $$
DECLARE
  way bench.jit_ways;
  scan bench.jit_scans;
  client_messages text := set_config('client_min_messages', 'warning', true);
BEGIN
  PERFORM set_config('max_parallel_workers_per_gather', '0', true);
  PERFORM session_auth.authenticate(bench.token(1));
  FOR scan IN SELECT * FROM bench.jit_scans ORDER BY n LOOP
    CALL bench.write_jit_policy(scan);
    FOR way IN SELECT * FROM bench.jit_ways w WHERE scan.target <> 'nested' OR w.x = 0 ORDER BY w.x LOOP
      PERFORM set_config(way.settings[i], way.settings[i + 1], true) FROM generate_series(1, cardinality(way.settings), 2) i;
      CALL bench.measure_jit_scan(scan, way.x, round);
      PERFORM set_config('max_parallel_workers_per_gather', '0', true);
    END LOOP;
  END LOOP;
END
$$;
