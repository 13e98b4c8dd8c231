-- Timing inside the server: queries over many rows, and calls in a loop.
--
-- Every sample is interleaved with a sample of what it is compared with, and
-- rounds run forwards and backwards, so that a machine that grows slower in
-- between slows both; what is reported is the median of the paired differences.

CREATE TABLE bench.samples (
  part text NOT NULL,      -- rows, calls, ...
  item text NOT NULL,      -- what was measured
  x bigint NOT NULL,       -- under which parameter: workers, sessions, ...
  round integer NOT NULL,
  ns float8 NOT NULL,      -- per row or per call, less the base
  base_ns float8 NOT NULL  -- of the base itself
);

-- The summary that becomes a result file.
CREATE VIEW bench.medians AS
SELECT part, item, x, count(*) AS samples,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY ns) AS ns,
       percentile_cont(0.25) WITHIN GROUP (ORDER BY ns) AS low,
       percentile_cont(0.75) WITHIN GROUP (ORDER BY ns) AS high,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY base_ns) AS base_ns,
       -- what a quiet machine would have said: noise only ever adds
       min(ns + base_ns) - min(base_ns) AS least
FROM bench.samples
GROUP BY part, item, x;

-- Round 0 warms up and is thrown away; every other round runs backwards.
CREATE FUNCTION bench.order_of_round(items anyarray, round integer) RETURNS anyarray
LANGUAGE sql IMMUTABLE AS $$
  SELECT array_agg($1[n] ORDER BY CASE WHEN $2 % 2 = 0 THEN n ELSE -n END)
  FROM generate_subscripts($1, 1) n
$$;

-- Queries -------------------------------------------------------------------

-- A condition as a policy of target; NULL: the policies that protect_table
-- writes. In a WHERE the planner would put what is constant above the scan; a
-- policy's condition it leaves at every row, unless session_auth.gate_policies
-- is on. Without the extension it never is: so it is off for all others.
CREATE TYPE bench.scan AS (
  item text,
  target regclass,
  condition text,
  gate boolean
);

-- Folding has a setting of its own since 0.2.0.
CREATE FUNCTION bench.set_gate(gate boolean) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('session_auth.gate_policies', gate::text, true);
  IF current_setting('session_auth.fold_filters', true) IS NOT NULL THEN
    PERFORM set_config('session_auth.fold_filters', gate::text, true);
  END IF;
END
$$;

CREATE FUNCTION bench.write_policy(scan bench.scan) RETURNS void
LANGUAGE plpgsql
SET client_min_messages = warning AS $$
BEGIN
  EXECUTE format('DROP POLICY IF EXISTS measured ON %s', scan.target);
  PERFORM session_auth.unprotect_table(scan.target);
  PERFORM bench.set_gate(scan.gate);
  IF scan.condition IS NULL THEN
    PERFORM session_auth.protect_table(scan.target, resource => 'items');
  ELSE
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', scan.target);
    EXECUTE format('CREATE POLICY measured ON %s USING (%s)', scan.target, scan.condition);
  END IF;
END
$$;

CREATE FUNCTION bench.scan_query(target regclass) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT format('SELECT count(*) FROM %s', target)
$$;

-- See floor.c for what time it tells.
CREATE FUNCTION bench.clock_ns() RETURNS float8
LANGUAGE c VOLATILE AS :'floor', 'bench_clock';

-- Nanoseconds. It runs as the role that is set: policies do not concern the
-- superuser, who measures the unprotected scan of the same table.
CREATE FUNCTION bench.time_query(query text) RETURNS float8
LANGUAGE plpgsql AS $$
DECLARE
  start float8;
BEGIN
  EXECUTE 'EXPLAIN ' || query; -- a new policy is read from the catalogs now
  start := bench.clock_ns();
  EXECUTE query;
  RETURN bench.clock_ns() - start;
END
$$;

CREATE PROCEDURE bench.measure_scans(part text, x bigint, rounds integer, scans bench.scan[])
LANGUAGE plpgsql AS $$
DECLARE
  scan bench.scan;
  rows bigint;
  base float8;
  ns float8;
BEGIN
  FOR round IN 0..rounds LOOP
    FOREACH scan IN ARRAY bench.order_of_round(scans, round) LOOP
      PERFORM bench.write_policy(scan);
      EXECUTE bench.scan_query(scan.target) INTO rows;
      base := bench.time_query(bench.scan_query(scan.target));
      SET LOCAL ROLE bench_app;
      ns := bench.time_query(bench.scan_query(scan.target));
      RESET ROLE;
      INSERT INTO bench.samples
      SELECT part, scan.item, x, round, (ns - base) / rows, base / rows WHERE round > 0;
    END LOOP;
  END LOOP;
END
$$;

CREATE FUNCTION bench.plan(scan bench.scan) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  line text;
  plan text := '';
BEGIN
  PERFORM bench.write_policy(scan);
  SET LOCAL ROLE bench_app;
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) '
    || bench.scan_query(scan.target)
  LOOP
    plan := plan || line || E'\n';
  END LOOP;
  RESET ROLE;
  RETURN plan;
END
$$;

-- Calls ---------------------------------------------------------------------

-- A function that is called in a loop: its first argument goes round a list,
-- the others (texts, NULL too) stay.
CREATE TYPE bench.call AS (
  item text,
  function regprocedure,
  list text,     -- which list of bench.lists
  others text[]
);

CREATE FUNCTION bench.time_calls(
  function regprocedure, first_arguments anyarray, calls bigint, others text[]
) RETURNS float8
LANGUAGE c STRICT VOLATILE AS :'floor', 'bench_time_calls';

CREATE TABLE bench.lists (
  list text PRIMARY KEY,
  keys bigint[],
  tokens text[]
);

CREATE FUNCTION bench.time_call(call bench.call, calls bigint) RETURNS float8
LANGUAGE plpgsql AS $$
DECLARE
  l bench.lists;
BEGIN
  SELECT * INTO STRICT l FROM bench.lists s WHERE s.list = call.list;
  IF l.keys IS NOT NULL THEN
    RETURN bench.time_calls(call.function, l.keys, calls, call.others);
  END IF;
  RETURN bench.time_calls(call.function, l.tokens, calls, call.others);
END
$$;

-- The base is the loop that calls nothing.
CREATE PROCEDURE bench.measure_calls(
  part text, x bigint, rounds integer, calls bigint, items bench.call[]
)
LANGUAGE plpgsql AS $$
DECLARE
  item bench.call;
  base float8;
BEGIN
  FOR round IN 0..rounds LOOP
    FOREACH item IN ARRAY bench.order_of_round(items, round) LOOP
      base := bench.time_call((item.item, 0, item.list, '{}')::bench.call, calls);
      INSERT INTO bench.samples
      SELECT part, item.item, x, round, bench.time_call(item, calls) - base, base
      WHERE round > 0;
    END LOOP;
  END LOOP;
END
$$;
