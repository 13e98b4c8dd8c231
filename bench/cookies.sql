-- Part cookies, called by the program of that name, which brings cookies of one kind.

\o /dev/null
CREATE EXTENSION session_auth;
CREATE TEMPORARY TABLE cookies (n serial, cookie text);
\copy cookies (cookie) FROM pstdin
SELECT format('SELECT session_auth.add_cookie_secret(%L, %L %s)', :'kind', :'secret', :'options') \gexec
-- what the cookies of Laravel name
SELECT count((session_auth.create_session('user', token => left(encode(sha256((n - 1)::text::bytea), 'hex'), 40))).token)
FROM cookies WHERE :'kind' = 'laravel';
\o

-- Microseconds of one call, the shortest of several rounds.
CREATE FUNCTION pg_temp.time_of(cookies text[], what text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  best float8 := 1e9;
  start timestamptz;
BEGIN
  FOR round IN 1..15 LOOP
    start := clock_timestamp();
    IF what = 'empty' THEN
      FOR i IN 1..cardinality(cookies) LOOP
        PERFORM session_auth.token_from_cookie(NULL);
      END LOOP;
    ELSE
      FOR i IN 1..cardinality(cookies) LOOP
        PERFORM session_auth.authenticate_request(cookies[i], NULL);
      END LOOP;
    END IF;
    best := least(best, extract(epoch FROM clock_timestamp() - start) * 1e6 / cardinality(cookies));
  END LOOP;
  RETURN best;
END
$$;
SELECT :'kind', round(avg(length(cookie))), :framework, :'costs', new, seen
FROM (
  SELECT pg_temp.time_of(list, 'new') - base AS new, pg_temp.time_of(array_fill(list[1], ARRAY[cardinality(list)]), 'seen') - base AS seen
  FROM (SELECT list, pg_temp.time_of(list, 'empty') AS base FROM (SELECT array_agg(cookie) AS list FROM cookies) l OFFSET 0) b OFFSET 0) t, cookies
GROUP BY new, seen;
