-- Attack: tokens, headers, cookies and claims that are huge, deep, or made of bytes that
-- parsers trip over, to crash, to fill memory or to make the server work for nothing.
-- Holds: refused by length first, JSON to a fixed depth, and quickly; the bounds of
-- roles, metadata and names too. test/pgtap/tokens_refused.sql has the single forms.
-- Guards: src/verify/verify.c, verify_token() (setting_max_token_length); src/pure/json_scan.c.
SELECT plan(32);
\ir tokens_for_attacks.psql
CREATE FUNCTION public.cost(statement text) RETURNS interval LANGUAGE plpgsql AS $$
DECLARE start timestamptz := clock_timestamp();
BEGIN
  EXECUTE statement;
  RETURN clock_timestamp() - start;
END $$;
SELECT is((SELECT count(*) FROM session_auth.verify_session(jwt())), 1::bigint, 'a token that is good, for comparison');
CREATE TABLE huge (what text, token text);
INSERT INTO huge VALUES ('letters', repeat('a', 10000000)), ('dots', repeat('.', 10000000)), ('parts', repeat('A.', 10000000)), ('brackets', repeat('[', 5000000)), ('percents', repeat('%41', 3000000)), ('a prefix', 'sat_' || repeat('A', 10000000)),
  ('signed', 's:' || repeat('a', 10000000) || '.' || repeat('A', 43)), ('umlauts', repeat('ä', 5000000)), ('spaces', repeat(' ', 10000000));
SELECT is((SELECT count(v.user_id) FROM huge h, LATERAL session_auth.verify_session(h.token) v WHERE h.what = w.what), 0::bigint, '10 MB of ' || what) FROM huge w;
SELECT cmp_ok(cost('SELECT count(v.user_id) FROM huge, LATERAL session_auth.verify_session(token) v'), '<', interval '2 seconds', 'are refused without work');
-- just within the length
SELECT refused_quickly(raw_jwt('{"alg":"HS256"}', payload, convert_to(secret(), 'UTF8')), what) FROM (VALUES
  (repeat('[', 11000), 'brackets'), ('{"sub":"alice","exp":4102444800,"x":' || repeat('{"a":', 2000) || '1' || repeat('}', 2000) || '}', '2000 objects in each other'), ('{"sub":"alice","exp":4102444800,"x":' || repeat('9', 11000) || '}', 'a number of 11000 digits, which numeric cannot hold'),
  ('{"sub":"alice","exp":1e' || repeat('9', 9000) || '}', 'an exponent of 9000 digits'), ('{"exp":4102444800,"sub":"' || repeat('\u0041', 1500) || '"}', 'a name of 1500 escaped letters'), ('{"sub":"alice","exp":4102444800,"role":[' || repeat('"A",', 2000) || '"A"]}', '2001 roles'),
  ('{"sub":"alice","exp":4102444800,' || (SELECT string_agg(format('"k%s":0', i % 900), ',') FROM generate_series(1, 1000) i) || '}', '1000 names, some twice')) v (payload, what) WHERE what NOT LIKE 'a number%';
SELECT lives_ok(format('SELECT * FROM session_auth.verify_session(%L)', raw_jwt('{"alg":"HS256"}', '{"sub":"alice","exp":4102444800,"x":' || repeat('9', 11000) || '}', convert_to(secret(), 'UTF8'))), 'a number of 11000 digits ends in no error');
SELECT cmp_ok(cost(format('SELECT count(*) FROM generate_series(1, 200) i, LATERAL session_auth.verify_session(%L || i) v', raw_jwt('{"alg":"HS256"}', '{' || repeat(' ', 11000) || '}', '\x00'))), '<', interval '3 seconds', '200 long forgeries in a moment');
-- what carries tokens
SELECT is(session_auth.token_from_cookie(header), NULL, 'token_from_cookie of ' || what) FROM (VALUES (repeat('a=b; ', 200000), 'a megabyte of pairs'), (repeat('=', 1000000), 'equal signs')) v (header, what);
SELECT throws_ok(format('SELECT session_auth.authenticate_request(%L, NULL)', header), '28000', NULL, 'authenticate_request: ' || what) FROM (VALUES ((SELECT string_agg(format('authjs.session-token.%s=%s', i, repeat('A', 4000)), '; ') FROM generate_series(0, 500) i), '500 chunks'), ('authjs.session-token=' || repeat('A', 5000000), '5 MB')) v (header, what);
SELECT throws_ok(format('SELECT session_auth.authenticate_request(NULL, %L)', 'Bearer ' || repeat('A', 5000000)), '28000', NULL, 'a header of 5 MB');
-- what is kept
SELECT throws_ok(format('SELECT session_auth.create_session(%L)', repeat('u', 1025)), '22023', NULL, 'a user of 1025 bytes');
SELECT throws_ok(format('SELECT session_auth.create_session(''u'', metadata => %L)', jsonb_build_object('x', repeat('m', 9000))), '22023', NULL, 'metadata of 9 kB');
SELECT throws_ok(format('SELECT session_auth.create_session(''u'', metadata => %L)', repeat('{"a":', 6000) || '1' || repeat('}', 6000)), NULL, NULL, 'metadata that is deep');
SELECT is(session_auth.has_permission(repeat('R', 10000000), repeat('a', 10000000), repeat('r', 10000000)), false, 'has_permission of 10 MB each');
SET session_auth.max_token_length = 100;
SELECT is((SELECT count(v.user_id) FROM session_auth.verify_session(jwt()) v), 0::bigint, 'a good token is refused by its length alone');
RESET session_auth.max_token_length;
SELECT throws_ok('SET session_auth.max_token_length = ''1GB''', '22023', NULL, 'max_token_length has a bound');
SET session_auth.max_token_length = '64kB';
SELECT is((SELECT count(v.user_id) FROM session_auth.verify_session(raw_jwt('{"alg":"HS256"}', repeat('[', 45000), convert_to(secret(), 'UTF8'))) v), 0::bigint, 'at the highest bound, 45000 brackets');
SELECT is((SELECT count(v.user_id) FROM session_auth.verify_session(jwt(jsonb_build_object('x', repeat('x', 45000)))) v), 1::bigint, '… and a token that fills it');

SELECT * FROM finish();
