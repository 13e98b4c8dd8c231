-- Key sets as issuers publish them: a key that is no use does not stop the others, and
-- says which it is. See also keys.sql, test/t/key_sets.t and test/unit/jwk_test.c.
\ir tokens.psql
SELECT plan(63);

\set certificate `openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=test -days 1 2>/dev/null`
\set good 'jwk(:''rsa_public'', ''{"kid": "good", "use": "sig", "alg": "RS256"}'')'
CREATE FUNCTION public.der(pem text) RETURNS text LANGUAGE sql AS $$SELECT regexp_replace(split_part(pem, '-----', 3), '\s', '', 'g')$$;
CREATE FUNCTION public.kids() RETURNS text LANGUAGE sql AS
  $$SELECT string_agg(coalesce(kid, 'none') || ' ' || algorithm, ', ' ORDER BY kid, algorithm) FROM session_auth.list_keys() WHERE issuer = 'https://i.example'$$;
CREATE TABLE public.others AS SELECT * FROM (VALUES
  ('Ed448 with alg EdDSA', '{"crv": "Ed448", "x": "po1mmizsKIgjWb3L2XFDIjsjHGiEaFAfEwXsXxb0mwwF1mo2DN_eJp8jeAIy90HPAlW6p3YcRmQA", "kty": "OKP", "kid": "k", "use": "sig", "alg": "EdDSA"}'::jsonb),
  ('RSA 1024', jwk((SELECT 'nothing' WHERE false)) || '{"kty": "RSA", "kid": "k", "n": "rlpws8SyBIzS9DdQqpsPjEIOWdsoQWj74kXyPv56WtuLDe-brmlixcJ_6H954r5UErvaMbHLoOx_nv3aL66P7KZ1X9O1hOzLKv2Gp1Hg4KYrdUl-VEn1YXIIIVYQy7DLrlu2S68e1G77Hu90816rripxvD8EivWtG3YzkhOSkGU", "e": "AQAB", "alg": "RS256"}'),
  ('a certificate that cannot be read', '{"kty": "RSA", "kid": "k", "use": "sig", "x5c": ["MIIB"]}'),
  ('EC without y', '{"kty": "EC", "crv": "P-256", "kid": "k", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}'),
  ('padded base64', '{"kty": "RSA", "kid": "k", "n": "xPldT2rcUMPT7Us6ejnP0Ntqkx68rKAEHOafyKKvk9w6paacgOOs6X2Z==", "e": "AQAB"}'),
  ('the same kid for another algorithm', '{"kid": "good", "alg": "PS256"}'),
  ('no JWK at all', '{"kid": "k"}'),
  ('another curve', '{"kty": "EC", "crv": "secp256k1", "alg": "ES256K", "kid": "k"}')) o (what, key);
UPDATE others SET key = '{"kty": "RSA", "kid": "k", "n": "rlpws8SyBIzS9DdQqpsPjEIOWdsoQWj74kXyPv56WtuLDe-brmlixcJ_6H954r5UErvaMbHLoOx_nv3aL66P7KZ1X9O1hOzLKv2Gp1Hg4KYrdUl-VEn1YXIIIVYQy7DLrlu2S68e1G77Hu90816rripxvD8EivWtG3YzkhOSkGU", "e": "AQAB", "alg": "RS256"}' WHERE what = 'RSA 1024';
UPDATE others SET key = jwk(:'rsa_public') || key WHERE key ->> 'kid' = 'good';

SET client_min_messages = error;
SELECT is(session_auth.import_jwks('https://i.example', jwks(:good, key)), 1, 'passed over: ' || what) FROM others;
SELECT is(session_auth.import_jwks('https://i.example', (SELECT jsonb_build_object('keys', jsonb_agg(o.key) || :good::jsonb) FROM others o WHERE o.key ->> 'kid' = 'k')), 1, 'all of them, and the good one last');
SELECT is(kids(), 'good RS256', 'is in force');
SELECT is(session_auth.import_jwks('https://i.example', '{"keys": []}'::jsonb || jsonb_build_object('keys', jsonb_build_array(1, NULL, :good::jsonb))), 1, 'what is no object too');
SELECT throws_ok(format('SELECT session_auth.import_jwks(%L, %L)', 'https://i.example', jsonb_build_object('keys', (SELECT jsonb_agg(o.key) FROM others o WHERE o.key ->> 'kid' = 'k'))), '22023', 'invalid jwks', 'none is left: an error');
SELECT is(kids(), 'good RS256', '… that leaves what there was');

-- without kid, they are told apart by their thumbprints
SELECT is(session_auth.import_jwks('https://i.example', jwks(jwk(:'rsa_public'), jwk(:'ec_public'), jwk(:'ed_public'))), 3, 'three keys without kid');
SELECT is(kids(), 'none ES256, none EdDSA, none RS256', 'are three keys');
SELECT is(session_auth.import_jwks('https://i.example', jwks(jwk(:'ec_public'))), 1, 'one of them stays, by its thumbprint');
SELECT is(kids(), 'none ES256', '… alone');
SELECT is(session_auth.import_jwks('https://i.example', jwks(jwk(:'rsa_public'), jwk(:'ec_public'))), 2, 'two');
SELECT throws_ok($$SELECT session_auth.disable_key(NULL, 'https://i.example')$$, '22023', 'invalid kid', 'which of two has to be said');
SELECT ok(session_auth.disable_key((SELECT fingerprint FROM session_auth.list_keys() WHERE issuer = 'https://i.example' AND algorithm = 'ES256'), 'https://i.example'), '… by its fingerprint');

-- certificates: alone in a key, as Firebase's map, and by hand
SELECT is(session_auth.import_jwks('https://i.example', jwks(jsonb_build_object('kty', 'RSA', 'kid', 'x5c', 'x5c', jsonb_build_array(der(:'certificate'))))), 1, 'a certificate alone');
SELECT is(session_auth.import_jwks('https://i.example', jsonb_build_object('a', :'certificate', 'b', :'certificate')), 2, 'a map of kids to certificates');
SELECT lives_ok(format('SELECT session_auth.add_key(%L, %L, %L)', 'by hand', 'RS256', :'certificate'), 'a certificate that is added by hand');
SELECT lives_ok(format('SELECT session_auth.add_key(%L, %L, %L)', 'Ed25519', 'Ed25519', :'ed_public'), 'RFC 9864''s name of EdDSA');
-- secrets and private keys: passed over, never taken for public ones, and no reason to stop the others
\set private 'jwk(:''ed_public'', jsonb_build_object(''d'', base64url(right_of(:''ed''))))'
CREATE FUNCTION public.right_of(pem text) RETURNS bytea LANGUAGE sql AS $$SELECT substr(decode(der(pem), 'base64'), 17)$$;
CREATE TABLE public.secrets AS SELECT * FROM (VALUES
  ('a secret', jsonb_build_object('kty', 'oct', 'kid', 's', 'alg', 'HS256', 'k', base64url(repeat('h', 32)))),
  ('a secret without alg', jsonb_build_object('kty', 'oct', 'kid', 's', 'k', base64url(repeat('h', 32)))),
  ('a secret of the good key''s kid', jsonb_build_object('kty', 'oct', 'kid', 'good', 'alg', 'HS256', 'k', base64url(repeat('h', 32)))),
  ('a private key', :private || '{"kid": "s"}'),
  ('a private key without kid', :private),
  ('another one''s private number', jwk(:'ed_public') || jsonb_build_object('kid', 's', 'd', base64url(repeat('p', 32))))) s (what, key);
SELECT is(session_auth.import_jwks('https://i.example', jwks(:good, key)), 1, 'passed over: ' || what) FROM secrets;
SELECT is(session_auth.import_jwks('https://i.example', jwks(key, :good)), 1, '… before the good one: ' || what) FROM secrets;
SELECT is(kids(), 'good RS256', 'the good one is in force alone');
SELECT is_empty($$SELECT * FROM session_auth.key_secrets s JOIN session_auth.keys k USING (key_id) WHERE k.issuer = 'https://i.example'$$, 'nothing of the others is kept');
SELECT is(session_auth.import_jwks('https://i.example', jwks(jwk(:'ed_public', '{"kid": "e"}'), :good, :good || '{"kid": "s", "use": "enc"}' || more)), 1, 'exposed: ' || more::text)
FROM (VALUES ('{"p": "AQAB"}'::jsonb), ('{"d": "AQAB"}')) e (more);
SELECT is(kids(), 'e EdDSA', 'a public key goes with a private number of it in the set, right or not');
SELECT is(session_auth.import_jwks('https://i.example', jwks(jwk(:'ed_public', '{"kid": "e"}'), :good, :private || more)), 1, 'exposed: ' || more::text)
FROM (VALUES ('{"kid": "s"}'::jsonb), ('{"use": "enc"}'), ('{"key_ops": ["encrypt"]}'), ('{"alg": "ECDH-ES"}'), ('{"d": "AA"}')) e (more);
SELECT is(kids(), 'good RS256', '… whatever its kid, and what it says that it is for');
SELECT throws_ok(format('SELECT session_auth.import_jwks(%L, %L)', 'https://i.example', jwks(key)), '22023', 'invalid jwks', 'alone: ' || what) FROM secrets;
SELECT is(kids(), 'good RS256', 'what there was stays');

-- A token without kid, which RFC 7515, 4.1.4 leaves optional. Libraries differ (findings/key-set-with-a-second-key.sh): jose
-- 6.2.18 takes the only key of a set and none of two, python-jose 3.3.0 tries all. Here it is for keys without kid, however many
-- there are. The second one is RFC 8037's, A.2.
\set another 'jsonb_build_object(''kty'', ''OKP'', ''crv'', ''Ed25519'', ''x'', ''11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'')'
SELECT session_auth.add_key(NULL, 'EdDSA', :'ed', 'https://signs.example') \g /dev/null
SELECT session_auth.issue_token('alice', '5 min') AS without_kid \gset
SELECT session_auth.drop_key(NULL, 'https://signs.example') \g /dev/null
SELECT is(from_base64url(split_part(:'without_kid', '.', 1))::jsonb -> 'kid', NULL, 'a token that names no key');
SELECT is(session_auth.import_jwks('https://signs.example', jwks(jwk(:'ed_public'))), 1, 'a set of its key, without kid');
SELECT accepted(:'without_kid', 'by the only key');
SELECT is(session_auth.import_jwks('https://signs.example', jwks(:another, jwk(:'ed_public'))), 2, 'the next key beside it');
SELECT accepted(:'without_kid', 'by one of two keys');
SELECT is(session_auth.import_jwks('https://signs.example', jwks(jwk(:'ed_public', '{"kid": "e"}'))), 1, 'its key, with a kid');
SELECT refused(:'without_kid', 'as the only key has a name that it does not name');
SELECT is(session_auth.import_jwks('https://signs.example', jwks(:another || '{"kid": "next"}', jwk(:'ed_public'))), 2, 'its key without kid beside one with a kid');
SELECT * FROM finish();
