-- Part cookies, called by the program of that name, which brings cookies of one kind.

\o /dev/null
CREATE EXTENSION session_auth;
CREATE TEMPORARY TABLE cookies (n serial, cookie text);
\copy cookies (cookie) FROM pstdin
\i :setup
\o

-- In a loop in C, as tokens are (floor.c).
CREATE FUNCTION pg_temp.time_calls(function regprocedure, first_arguments anyarray, calls bigint, others text[]) RETURNS float8
LANGUAGE c STRICT AS :'floor', 'bench_time_calls';
CREATE FUNCTION pg_temp.nothing(token text) RETURNS boolean LANGUAGE c STRICT AS :'floor', 'bench_nothing';

-- Microseconds of one call, the shortest of several rounds.
CREATE FUNCTION pg_temp.time_of(function regprocedure, cookies text[], others text[]) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  best float8 := 1e9;
BEGIN
  FOR round IN 1..30 LOOP
    best := least(best, pg_temp.time_calls(function, cookies, 1000, others) / 1000);
  END LOOP;
  RETURN best;
END
$$;
SELECT :'kind', round(avg(length(cookie))), :'framework', :'costs', new - empty, seen - empty
FROM (
  SELECT pg_temp.time_of('pg_temp.nothing(text)', list, '{}') AS empty,
         pg_temp.time_of(request, list, others) AS new,
         pg_temp.time_of(request, list[1:1], others) AS seen
  FROM (SELECT array_agg(cookie) AS list FROM cookies) l,
       (VALUES ('session_auth.authenticate_request(text,text,text,text,text)'::regprocedure, '{NULL,transaction,NULL,error}'::text[])) f (request, others)
) t, cookies
GROUP BY new, seen, empty;
