-- Part tokens, called by the program of that name, which brings the keys.
--
-- A backend remembers 256 tokens: of a list of 5,000, each is new to it again.

SET client_min_messages = warning;

SELECT session_auth.add_key('HS256', 'HS256', '0123456789abcdef0123456789abcdef');
SELECT session_auth.add_key('RS256', 'RS256', :'rsa');
SELECT session_auth.add_key('PS256', 'PS256', :'rsa');
SELECT session_auth.add_key('ES256', 'ES256', :'ec');
SELECT session_auth.add_key('EdDSA', 'EdDSA', :'ed');

DELETE FROM bench.lists;
INSERT INTO bench.lists (list, tokens)
SELECT a || ' ' || kind, array_agg(session_auth.issue_token('user-' || n % 100, '1 day', '{"name": "Ada", "email": "ada@example.com"}', a))
FROM unnest('{HS256,RS256,PS256,ES256,EdDSA}'::text[]) a, (VALUES ('new', 5000), ('seen', 1)) k (kind, tokens), generate_series(1, k.tokens) n
GROUP BY a, kind;

-- pgjwt's way: the parts decoded and compared in SQL, the claims as JSON
CREATE FUNCTION bench.base64url(data bytea) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$SELECT translate(encode(data, 'base64'), E'+/=\n', '-_')$$;
CREATE FUNCTION bench.from_base64url(data text) RETURNS bytea LANGUAGE sql IMMUTABLE AS
  $$SELECT decode(rpad(translate(data, '-_', '+/'), (length(data) + 3) / 4 * 4, '='), 'base64')$$;
CREATE FUNCTION bench.jwt_in_sql(token text, secret text) RETURNS json LANGUAGE sql AS $$
  SELECT CASE WHEN p[3] = bench.base64url(bench.hmac(p[1] || '.' || p[2], secret, 'sha256'))
              AND convert_from(bench.from_base64url(p[1]), 'utf8')::json ->> 'alg' = 'HS256'
         THEN convert_from(bench.from_base64url(p[2]), 'utf8')::json END
  FROM regexp_split_to_array(token, '\.') p
$$;

CREATE FUNCTION bench.token_calls(algorithms text[]) RETURNS bench.call[] LANGUAGE sql AS $$
  SELECT array_agg((a || ' ' || kind, 'session_auth.authenticate(text,text,text)'::regprocedure, a || ' ' || kind, '{transaction,NULL}'::text[])::bench.call)
  FROM unnest(algorithms) a, unnest('{new,seen}'::text[]) kind
$$;

CALL bench.measure_calls('tokens', 0, :rounds, :calls / 2,
  bench.token_calls('{HS256}') || ('empty', 'bench.nothing(text)', 'HS256 new', '{}')::bench.call);
CALL bench.measure_calls('tokens', 0, :rounds, :calls / 10,
  bench.token_calls('{RS256,PS256,ES256,EdDSA}') || ('in SQL', 'bench.jwt_in_sql(text,text)', 'HS256 new', '{0123456789abcdef0123456789abcdef}')::bench.call);
