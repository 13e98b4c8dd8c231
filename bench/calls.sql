-- Part calls: what a token costs per call, over the loop that calls nothing.
--
-- x is the number of sessions; tokens are drawn from all of them at random. The
-- touch of last_seen_at is put off: it is written at commit, at most once per
-- session and touch_interval, and part writes looks at it.

SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
SET session_auth.touch_interval = '1d';

CREATE FUNCTION bench.calls() RETURNS bench.call[]
LANGUAGE sql AS $$
  SELECT array_agg((item, function::regprocedure, list, others)::bench.call) FROM (VALUES
    ('floor: empty C function', 'bench.nothing(text)', 'tokens', '{}'::text[]),
    ('floor: SHA-256', 'bench.sha256(text)', 'tokens', '{}'),
    ('floor: index probe', 'bench.probe(bigint)', 'keys', '{}'),
    ('floor: SHA-256 and index probe', 'bench.probe_token(text)', 'tokens', '{}'),
    ('verify_session', 'session_auth.verify_session(text,text)', 'tokens', '{NULL}'),
    ('authenticate', 'session_auth.authenticate(text,text,text)', 'tokens', '{transaction,NULL}'),
    ('floor: index probe, 100 users', 'bench.probe(bigint)', 'few keys', '{}'),
    ('authenticate, 100 users', 'session_auth.authenticate(text,text,text)', 'few tokens', '{transaction,NULL}'),
    ('C function, SPI', 'bench.spi(text)', 'tokens', '{}'),
    ('plpgsql with pgcrypto', 'bench.plpgsql_find_session(text)', 'tokens', '{}'),
    ('plpgsql with pgcrypto, roles, settings', 'bench.plpgsql_authenticate(text)', 'tokens', '{}')
  ) c (item, function, list, others)
$$;

-- What the floors and the peers look up is the same sessions.
CREATE PROCEDURE bench.fill_lists(sessions bigint, size bigint)
LANGUAGE sql AS $$
  DELETE FROM bench.lists;
  WITH drawn AS (
    SELECT bench.token(1 + floor(random() * sessions)::bigint) AS token
    FROM generate_series(1, least(sessions, size))
  )
  INSERT INTO bench.lists (list, keys, tokens)
  SELECT 'keys', array_agg(bench.token_key(token)), NULL FROM drawn
  UNION ALL
  SELECT 'tokens', NULL, array_agg(token) FROM drawn
  UNION ALL
  SELECT 'few keys', array_agg(bench.token_key(bench.token(n))), NULL FROM generate_series(1, 100) n
  UNION ALL
  SELECT 'few tokens', NULL, array_agg(bench.token(n)) FROM generate_series(1, 100) n
$$;

CALL bench.fill_lists(:few_sessions, 50000);
CALL bench.measure_calls('calls', :few_sessions, :rounds, :calls, bench.calls());

CALL bench.have_sessions(:many_sessions);
VACUUM (ANALYZE, FREEZE) session_auth.sessions, session_auth.user_roles, bench.web_sessions, bench.web_user_roles;
CALL bench.fill_lists(:many_sessions, 50000);
CALL bench.measure_calls('calls', :many_sessions, :rounds, :calls, bench.calls());
