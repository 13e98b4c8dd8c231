-- Part tokens, called by the program of that name, which brings the keys.
--
-- A backend remembers 256 tokens: of a list of 5,000, each is new to it again.

SET client_min_messages = warning;

SELECT session_auth.add_key(algorithm, algorithm, material)
FROM (VALUES ('HS256', '0123456789abcdef0123456789abcdef'), ('RS256', :'rsa'), ('PS256', :'rsa'), ('ES256', :'ec'), ('EdDSA', :'ed')) k (algorithm, material)
WHERE algorithm NOT IN (SELECT kid FROM session_auth.list_keys());

DELETE FROM bench.lists;
INSERT INTO bench.lists (list, tokens)
SELECT a || ' ' || kind, array_agg(session_auth.issue_token('user-' || n % 100, '1 day', '{"name": "Ada", "email": "ada@example.com"}', a))
FROM unnest('{HS256,RS256,PS256,ES256,EdDSA}'::text[]) a, (VALUES ('new', 5000), ('seen', 1)) k (kind, tokens), generate_series(1, k.tokens) n
GROUP BY a, kind;

-- pgjwt's way, in its steps: the parts are decoded, the HMAC of the first two is
-- compared, and exp and nbf, which may hold anything, are cast with care.
CREATE OR REPLACE FUNCTION bench.base64url(data bytea) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$SELECT translate(encode(data, 'base64'), E'+/=\n', '-_')$$;
CREATE OR REPLACE FUNCTION bench.from_base64url(data text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  WITH standard AS (SELECT translate(data, '-_', '+/') AS text)
  SELECT decode(text || repeat('=', -length(text) & 3), 'base64') FROM standard
$$;
CREATE OR REPLACE FUNCTION bench.hs_sign(data text, secret text, algorithm text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  WITH digest AS (SELECT CASE algorithm WHEN 'HS256' THEN 'sha256' WHEN 'HS384' THEN 'sha384' ELSE 'sha512' END AS name)
  SELECT bench.base64url(bench.hmac(data, secret, name)) FROM digest
$$;
CREATE OR REPLACE FUNCTION bench.to_seconds(value text) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN value::float8;
EXCEPTION WHEN OTHERS THEN
  RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION bench.jwt_in_sql(token text, secret text) RETURNS json LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN signed AND header ->> 'alg' = 'HS256' AND
              tstzrange(to_timestamp(bench.to_seconds(payload ->> 'nbf')), to_timestamp(bench.to_seconds(payload ->> 'exp'))) @> now()
         THEN payload END
  FROM (
    SELECT convert_from(bench.from_base64url(part[1]), 'utf8')::json AS header,
           convert_from(bench.from_base64url(part[2]), 'utf8')::json AS payload,
           part[3] = bench.hs_sign(part[1] || '.' || part[2], secret, 'HS256') AS signed
    FROM regexp_split_to_array(token, '\.') part
  ) jwt
$$;

-- OpenSSL alone, with a key that is ready: see floor.c.
CREATE OR REPLACE FUNCTION bench.verify(token text, algorithm text, key text) RETURNS boolean
LANGUAGE c STRICT AS :'floor', 'bench_verify';

-- Keys lie in a table, as what is searched for a token is the statement's text.
CREATE TABLE IF NOT EXISTS bench.verifiers (algorithm text, key text);
TRUNCATE bench.verifiers;
INSERT INTO bench.verifiers VALUES
  ('HS256', '0123456789abcdef0123456789abcdef'), ('RS256', :'rsa'), ('PS256', :'rsa'), ('ES256', :'ec'), ('EdDSA', :'ed');

CREATE OR REPLACE FUNCTION bench.token_calls(algorithms text[]) RETURNS bench.call[] LANGUAGE sql AS $$
  SELECT array_agg((format('%s %s', algorithm, what), function::regprocedure, format('%s %s', algorithm, list), others)::bench.call)
  FROM bench.verifiers, LATERAL (VALUES
    ('new', bench.authenticate(), 'new', bench.authenticate_defaults()),
    ('primitive', 'bench.verify(text,text,text)', 'new', ARRAY[algorithm, key]),
    ('seen', bench.authenticate(), 'seen', bench.authenticate_defaults())
  ) c (what, function, list, others)
  WHERE algorithm = ANY(algorithms)
$$;

CALL bench.measure_calls('tokens', 0, :rounds, :calls / 2,
  bench.token_calls('{HS256}') || ('empty', 'bench.nothing(text)', 'HS256 new', '{}')::bench.call);
CALL bench.measure_calls('tokens', 0, :rounds, :calls / 10,
  bench.token_calls('{RS256,PS256,ES256,EdDSA}')
  || ('in SQL', 'bench.jwt_in_sql(text,text)', 'HS256 new', '{0123456789abcdef0123456789abcdef}')::bench.call);
