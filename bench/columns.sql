-- What bench/columns runs: a line for each who asks and what, and the ratio of view to table.
CREATE EXTENSION session_auth;
CREATE ROLE bench_owner;
CREATE ROLE bench_app;
SELECT session_auth.grant_usage('bench_owner', 'request'), session_auth.grant_usage('bench_app', 'request') \g /dev/null
SELECT session_auth.import_permissions('{"USER": ["view:accounts"], "READER": ["view:accounts.balance", "view:accounts.note"]}') \g /dev/null
SELECT session_auth.grant_role('ada', 'USER'), session_auth.grant_role('rita', 'USER'), session_auth.grant_role('rita', 'READER') \g /dev/null
CREATE TABLE public.accounts (id int PRIMARY KEY, owner text, balance int, note text);
INSERT INTO accounts SELECT n, 'user' || n % 1000, n, repeat('x', 40) FROM generate_series(1, :rows) n;
ALTER TABLE accounts OWNER TO bench_owner;
GRANT CREATE ON SCHEMA public TO bench_owner;
VACUUM (ANALYZE, FREEZE) accounts;
SELECT session_auth.protect_table('accounts'), session_auth.protect_columns('accounts', '{balance,note}') \g /dev/null
GRANT SELECT ON accounts, accounts_visible TO bench_app;
SET max_parallel_workers_per_gather = 0;
SET jit = off;
SET client_min_messages = warning;
-- rows are written out as a client gets them, to nowhere
GRANT pg_write_server_files TO bench_app;

-- The shortest of many short scans, which nothing else has interrupted.
CREATE FUNCTION public.shortest(query text, other text, OUT of_query double precision, OUT of_other double precision) LANGUAGE plpgsql AS $$
DECLARE
  began timestamptz;
BEGIN
  FOR turn IN 1..300 LOOP
    began := clock_timestamp();
    EXECUTE query;
    of_query := least(of_query, extract(epoch FROM clock_timestamp() - began));
    began := clock_timestamp();
    EXECUTE other;
    of_other := least(of_other, extract(epoch FROM clock_timestamp() - began));
  END LOOP;
END
$$;

CREATE FUNCTION public.ratio(who text, query text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
  measured record;
BEGIN
  PERFORM session_auth.impersonate(who);
  SET LOCAL ROLE bench_app;
  SELECT * INTO measured FROM public.shortest(format(query, 'accounts_visible'), format(query, 'accounts'));
  RESET ROLE;
  RETURN round((measured.of_query / measured.of_other)::numeric, 3);
END
$$;

SELECT concat_ws(', ', who, query), public.ratio(who, query)
FROM (VALUES ('rita'), ('ada')) w (who)
CROSS JOIN (VALUES ('SELECT count(balance), max(note) FROM %s'), ('COPY (SELECT * FROM %s) TO ''/dev/null'''), ('SELECT sum(balance) FROM %s')) q (query);
