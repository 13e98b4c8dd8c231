-- Keys and secrets: added, imported, listed, retired and dropped. Which tokens
-- they then open is in tokens_*.sql.
-- Also: test/t/jwt.t, test/attacks/jwt.sql.
\ir tokens.psql
SELECT plan(187);

-- add_key: every kind of material
SELECT lives_ok(format('SELECT session_auth.add_key(%L, %L, %L, issuer => %L)', kid, algorithm, key, 'https://ok.example'), 'add_key: ' || what)
FROM (VALUES
  ('rs256', 'RS256', :'rsa_public', 'an RSA key as PEM'), ('rs512', 'RS512', :'rsa_public', 'the same for RS512'), ('ps384', 'PS384', :'rsa', 'a private RSA key as PEM'),
  ('es256', 'ES256', :'ec_public', 'a P-256 key as PEM'), ('es256p', 'ES256', :'ec', 'a private P-256 key as PEM'),
  ('eddsa', 'EdDSA', :'ed_public', 'an Ed25519 key as PEM'), ('eddsap', 'EdDSA', :'ed', 'a private Ed25519 key as PEM'),
  ('rs256j', 'RS256', jwk(:'rsa_public')::text, 'an RSA key as JWK'), ('es256j', 'ES256', jwk(:'ec_public')::text, 'a P-256 key as JWK'),
  ('eddsaj', 'EdDSA', jwk(:'ed_public', '{"alg": "EdDSA", "use": "sig", "key_ops": ["verify"]}')::text, 'an Ed25519 key as JWK'),
  ('hs256', 'HS256', repeat('a', 32), 'a secret of 32 bytes for HS256'), ('hs384', 'HS384', repeat('b', 48), '48 for HS384'), ('hs512', 'HS512', repeat('c', 64), '64 for HS512'),
  ('hs256j', 'HS256', format('{"kty": "oct", "k": "%s"}', base64url(repeat('d', 32))), 'a secret as JWK'),
  (NULL, 'HS256', repeat('e', 32), 'no kid')) k (kid, algorithm, key, what);
SELECT is(count(*), 15::bigint, 'list_keys shows each') FROM session_auth.list_keys();
SELECT is(fingerprint, base64url(sha256(convert_to(format('{"crv":"Ed25519","kty":"OKP","x":"%s"}', jwk(:'ed_public') ->> 'x'), 'UTF8'))), 'the fingerprint is the RFC 7638 thumbprint') FROM session_auth.list_keys() WHERE kid = 'eddsa';
SELECT is(fingerprint, base64url(sha256(convert_to(format('{"e":"AQAB","kty":"RSA","n":"%s"}', jwk(:'rsa_public') ->> 'n'), 'UTF8'))), '… of an RSA key too') FROM session_auth.list_keys() WHERE kid = 'rs256';
SELECT is(count(DISTINCT fingerprint), 3::bigint, 'PEM and JWK, public and private are one key') FROM session_auth.list_keys();
SELECT is_empty($$SELECT kid FROM session_auth.list_keys() WHERE (algorithm LIKE 'HS%') <> (fingerprint IS NULL)$$, 'a secret has none');
SELECT lives_ok($$SELECT session_auth.add_key('full', 'HS256', repeat('f', 32), 'https://full.example', '{a,b}', 'app_metadata.role', 'org', 'verify_only', '2020-01-01', '2099-01-01', 'claims')$$, 'add_key with every argument');
SELECT row_eq($$SELECT kid, algorithm, issuer, audiences, role_claim, tenant_claim, state, valid_from, valid_until, fingerprint FROM session_auth.list_keys() WHERE kid = 'full'$$,
  ROW('full'::text, 'HS256'::text, 'https://full.example'::text, '{a,b}'::text[], 'app_metadata.role'::text, 'org'::text, 'verify only'::text, '2020-01-01'::timestamptz, '2099-01-01'::timestamptz, NULL::text), 'list_keys shows them all');
SELECT lives_ok($$SELECT session_auth.add_key('rs256', 'RS256', $$ || quote_literal(:'rsa_public') || $$, 'https://other.example')$$, 'another issuer may use the kid');

-- add_key: each argument bad once
SELECT throws_ok(format('SELECT session_auth.add_key(%s)', arguments), '22023', message, 'add_key: ' || what)
FROM (VALUES
  ('''rs256'', ''RS256'', ' || quote_literal(:'rsa_public') || ', ''https://ok.example''', 'invalid kid', 'the same issuer and kid again'),
  ('NULL, ''HS256'', repeat(''x'', 32), ''https://ok.example''', 'invalid kid', 'the same issuer and no kid again'),
  (''''', ''HS256'', repeat(''x'', 32)', 'invalid kid', 'an empty kid'),
  ('repeat(''k'', 513), ''HS256'', repeat(''x'', 32)', 'invalid kid', 'a kid of 513 characters'),
  ('''n'', NULL, repeat(''x'', 32)', 'invalid algorithm', 'no algorithm'),
  ('''n'', ''none'', repeat(''x'', 32)', 'invalid algorithm', 'none'),
  ('''n'', '''', repeat(''x'', 32)', 'invalid algorithm', 'an empty algorithm'),
  ('''n'', ''hs256'', repeat(''x'', 32)', 'invalid algorithm', 'an algorithm in lower case'),
  ('''n'', ''ES256K'', repeat(''x'', 32)', 'invalid algorithm', 'an algorithm of another curve'),
  ('''n'', ''HS256'', NULL', 'invalid key', 'no key'),
  ('''n'', ''HS256'', ''''', 'invalid key', 'an empty key'),
  ('''n'', ''HS256'', repeat(''x'', 31)', 'invalid key', 'a secret shorter than the hash of HS256'),
  ('''n'', ''HS384'', repeat(''x'', 47)', 'invalid key', '… of HS384'),
  ('''n'', ''HS512'', repeat(''x'', 63)', 'invalid key', '… of HS512'),
  ('''n'', ''HS256'', repeat(''x'', 40000)', 'invalid key', 'a secret that is too long'),
  ('''n'', ''HS256'', ' || quote_literal(:'rsa_public'), 'invalid key', 'a public key as a secret'),
  ('''n'', ''HS256'', ' || quote_literal(jwk(:'ec_public')), 'invalid key', '… as JWK'),
  ('''n'', ''RS256'', repeat(''x'', 64)', 'invalid key', 'a secret as an RSA key'),
  ('''n'', ''RS256'', ' || quote_literal(:'ec_public'), 'invalid key', 'a P-256 key for RS256'),
  ('''n'', ''ES256'', ' || quote_literal(:'ed_public'), 'invalid key', 'an Ed25519 key for ES256'),
  ('''n'', ''ES384'', ' || quote_literal(:'ec_public'), 'invalid key', 'a P-256 key for ES384'),
  ('''n'', ''ES256'', ' || quote_literal(jwk(:'ec_public', '{"alg": "ES384"}')), 'invalid key', 'a JWK whose alg is another'),
  ('''n'', ''ES256'', ' || quote_literal(jwk(:'ec_public', '{"use": "enc"}')), 'invalid key', 'a JWK for encryption'),
  ('''n'', ''ES256'', ' || quote_literal(jwk(:'ec_public', '{"y": "AAAA"}')), 'invalid key', 'a point that is not on the curve'),
  ('''n'', ''ES256'', ''{"kty": "EC"'' ', 'invalid key', 'a JWK that is no JSON'),
  ('''n'', ''EdDSA'', ''{"kty": "OKP", "crv": "Ed25519", "x": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}''', 'invalid key', 'an Ed25519 key of low order'),
  ('''n'', ''RS256'', ''-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDGRjJO1Jr5W9Gz
-----END PUBLIC KEY-----''', 'invalid key', 'a PEM cut short'),
  ('''n'', ''HS256'', repeat(''x'', 32), ''''', 'invalid issuer', 'an empty issuer'),
  ('''n'', ''HS256'', repeat(''x'', 32), audiences => ''{a,""}''', 'invalid audiences', 'an empty audience'),
  ('''n'', ''HS256'', repeat(''x'', 32), role_claim => ''''', 'invalid role_claim', 'an empty role claim'),
  ('''n'', ''HS256'', repeat(''x'', 32), tenant_claim => ''''', 'invalid tenant_claim', 'an empty tenant claim'),
  ('''n'', ''HS256'', repeat(''x'', 32), state => ''on''', 'invalid state', 'an unknown state'),
  ('''n'', ''HS256'', repeat(''x'', 32), state => NULL', 'invalid state', 'no state'),
  ('''n'', ''HS256'', repeat(''x'', 32), valid_from => ''2030-01-01'', valid_until => ''2030-01-01''', 'invalid valid_until', 'an end that is not after its beginning'),
  ('''n'', ''HS256'', repeat(''x'', 32), role_source => ''token''', 'invalid role_source', 'an unknown role source'),
  ('''n'', ''HS256'', repeat(''x'', 32), required_claims => ''{"type": {"is": "access"}}''', 'invalid required_claims', 'an object that is required')) k (arguments, message, what);
\set weak `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 2>/dev/null`
SELECT throws_ok(format('SELECT session_auth.add_key(%L, %L, %L)', 'n', 'RS256', :'weak'), '22023', 'invalid key', 'add_key: an RSA key of 1024 bits');
SELECT is_empty($$SELECT * FROM session_auth.list_keys() WHERE kid = 'n'$$, 'none of them came in');

-- import_jwks
\set set_a 'jwks(jwk(:''rsa_public'', ''{"kid": "r", "alg": "RS256"}''), jwk(:''ec_public'', ''{"kid": "e"}''))'
\set set_b 'jwks(jwk(:''ec_public'', ''{"kid": "e"}''), jwk(:''ed_public'', ''{"kid": "d", "use": "sig"}''), ''{"kty": "EC", "crv": "P-256", "use": "enc", "kid": "x", "x": "", "y": ""}'', ''{"kty": "EC", "crv": "secp256k1", "kid": "k"}'')'
SELECT is(session_auth.import_jwks('https://i.example', :set_a, '{api}', 'r', 't'), 2, 'import_jwks answers how many keys are in force');
SELECT set_eq($$SELECT kid, algorithm, audiences, role_claim, tenant_claim, state FROM session_auth.list_keys() WHERE issuer = 'https://i.example'$$,
  $$VALUES ('r', 'RS256', '{api}'::text[], 'r', 't', 'verify only'), ('e', 'ES256', '{api}', 'r', 't', 'verify only')$$, 'they verify, and sign nothing');
SELECT ok(session_auth.disable_key('e', 'https://i.example'), 'one is retired by hand');
SELECT is(session_auth.import_jwks('https://i.example', :set_b), 1, 'the next set keeps one, adds one, drops one, and passes over what is for no signatures');
SELECT set_eq($$SELECT kid, audiences, role_claim, state FROM session_auth.list_keys() WHERE issuer = 'https://i.example'$$,
  $$VALUES ('e', '{}'::text[], NULL, 'retired'), ('d', '{}', NULL, 'verify only')$$, 'what was retired stays so; claims and audiences are the new ones');
SELECT is(session_auth.import_jwks('https://i.example', :set_b), 1, 'the same set again changes nothing');
SELECT is(count(*), 2::bigint, '… and is no event') FROM session_auth.session_events WHERE event = 'jwks_imported';
SELECT is(session_auth.import_jwks('https://i.example', jwks(jwk(:'ed_public', '{"kid": "e"}'))), 1, 'a kid with another key');
SELECT is(fingerprint, (SELECT fingerprint FROM session_auth.list_keys() WHERE kid = 'eddsa'), '… is that other key') FROM session_auth.list_keys() WHERE kid = 'e' AND issuer = 'https://i.example';
SELECT is(session_auth.import_jwks('https://i.example', '{"keys": []}'), 0, 'an empty set drops them all');
SELECT is(count(*), 17::bigint, 'keys added by hand and of other issuers stay') FROM session_auth.list_keys();
SELECT lives_ok(format('SELECT session_auth.import_jwks(%L, %L)', 'https://j.example', jwks(jwk(:'ec_public'))), 'a key without kid');

-- import_jwks: each argument bad once; a set comes in as a whole or not at all
SELECT session_auth.import_jwks('https://i.example', :set_a) \g /dev/null
SELECT throws_ok(format('SELECT session_auth.import_jwks(%s)', arguments), '22023', message, 'import_jwks: ' || what)
FROM (VALUES
  ('NULL, ''{"keys": []}''', 'invalid issuer', 'no issuer'),
  (''''', ''{"keys": []}''', 'invalid issuer', 'an empty issuer'),
  ('''https://i.example'', NULL', 'invalid jwks', 'no set'),
  ('''https://i.example'', ''[]''', 'invalid jwks', 'no object'),
  ('''https://i.example'', ''{}''', 'invalid jwks', 'no keys in it'),
  ('''https://i.example'', ''{"keys": {}}''', 'invalid jwks', 'keys that are no array'),
  ('''https://i.example'', ''{"keys": [1]}''', 'invalid jwks', 'a key that is no object'),
  ('''https://i.example'', ''{"keys": [{}]}''', 'invalid jwks', 'a key without kty'),
  ('''https://i.example'', jwks(jwk(' || quote_literal(:'ec_public') || ', ''{"kid": "a", "y": "AAAA"}''))', 'invalid jwks', 'a point that is not on the curve'),
  ('''https://i.example'', jwks(jwk(' || quote_literal(:'ec_public') || ', ''{"kid": 1}''))', 'invalid jwks', 'a kid that is no string'),
  ('''https://i.example'', ''{"keys": [{"kty": "oct", "kid": "h", "alg": "HS256", "k": "' || base64url(repeat('h', 32)) || '"}]}''', 'invalid jwks', 'a secret'),
  ('''https://i.example'', jwks(jwk(' || quote_literal(:'ed_public') || ', ''{"kid": "p", "d": "' || base64url(repeat('p', 32)) || '"}''))', 'invalid jwks', 'a private key'),
  ('''https://i.example'', ''{"keys": []}'', ''{""}''', 'invalid audiences', 'an empty audience'),
  ('''https://i.example'', ''{"keys": []}'', role_claim => ''''', 'invalid role_claim', 'an empty role claim'),
  ('''https://i.example'', ''{"keys": []}'', tenant_claim => ''''', 'invalid tenant_claim', 'an empty tenant claim'),
  ('''https://i.example'', ''{"keys": []}'', role_source => ''no''', 'invalid role_source', 'an unknown role source'),
  ('''https://i.example'', (SELECT jsonb_build_object(''keys'', jsonb_agg(jwk(' || quote_literal(:'ed_public') || ', jsonb_build_object(''kid'', i)))) FROM generate_series(1, 257) i)', 'invalid jwks', '257 keys'),
  ('''https://ok.example'', jwks(jwk(' || quote_literal(:'ed_public') || ', ''{"kid": "rs256"}''))', 'invalid jwks', 'a kid that was added by hand')) k (arguments, message, what);
SELECT set_eq($$SELECT kid FROM session_auth.list_keys() WHERE issuer = 'https://i.example'$$, '{r,e}'::text[], 'what is refused leaves the set as it was');

-- what a message calls a key
SELECT is(session_auth.name_of_key(kid, issuer), named, 'a key is named: ' || named)
FROM (VALUES ('k', 'i', 'key "k" of issuer "i"'), (NULL, 'i', 'key without kid of issuer "i"'), ('k', NULL, 'key "k"'), (NULL, NULL, 'key without kid')) k (kid, issuer, named);

-- disable_key, drop_key
SELECT is(session_auth.disable_key('eddsa', 'https://ok.example'), true, 'disable_key retires');
SELECT is(state, 'retired', '… and it stays listed') FROM session_auth.list_keys() WHERE kid = 'eddsa';
SELECT is(session_auth.disable_key('eddsa', 'https://ok.example'), false, '… once');
SELECT is(session_auth.disable_key('full'), true, 'without an issuer it is the only key of that kid');
SELECT throws_ok($$SELECT session_auth.disable_key('rs256')$$, '22023', 'invalid issuer', '… and an error when there are several');
SELECT is(session_auth.disable_key(NULL, 'https://ok.example'), true, 'kid NULL is the key without one');
SELECT is(session_auth.drop_key('eddsa', 'https://ok.example'), true, 'drop_key drops');
SELECT is(session_auth.drop_key('eddsa', 'https://ok.example'), false, '… once');
SELECT is(session_auth.drop_key('nobody'), false, 'there is nothing to drop');
SELECT throws_ok($$SELECT session_auth.drop_key(NULL)$$, '22023', 'invalid issuer', 'several issuers have a key without kid');
SELECT is(session_auth.drop_key('rs256', 'https://ok.example'), true, 'of two keys with one kid');
SELECT is(issuer, 'https://other.example', '… the other issuer''s stays') FROM session_auth.list_keys() WHERE kid = 'rs256';
SELECT is_empty($$SELECT * FROM session_auth.key_secrets s WHERE NOT EXISTS (SELECT FROM session_auth.keys k WHERE k.key_id = s.key_id)$$, 'a secret goes with its key');

-- secrets of cookies
SELECT lives_ok($$SELECT session_auth.add_authjs_secret('a secret of Auth.js')$$, 'add_authjs_secret');
SELECT lives_ok($$SELECT session_auth.add_authjs_secret('a secret of Auth.js')$$, '… can be repeated');
SELECT is(count(*), 1::bigint, '… and is one secret') FROM session_auth.authjs_secrets;
SELECT lives_ok($$SELECT session_auth.add_cookie_secret('express', 'a secret of express')$$, 'add_cookie_secret');
SELECT lives_ok($$SELECT session_auth.add_cookie_secret('better-auth', 'a secret of better-auth')$$, '… of better-auth');
SELECT throws_ok('SELECT session_auth.' || call, '22023', message, what)
FROM (VALUES
  ('add_authjs_secret(NULL)', 'invalid secret', 'add_authjs_secret: no secret'),
  ('add_authjs_secret('''')', 'invalid secret', '… an empty one'),
  ('add_authjs_secret(repeat(''x'', 4097))', 'invalid secret', '… one that is too long'),
  ('add_authjs_secret(''s'', ''{}'')', 'invalid cookie_names', '… no cookie name'),
  ('add_authjs_secret(''s'', ''{""}'')', 'invalid cookie_names', '… an empty cookie name'),
  ('add_authjs_secret(''s'', array_fill(''n''::text, ''{17}''))', 'invalid cookie_names', '… 17 cookie names'),
  ('add_authjs_secret(''s'', role_claim => '''')', 'invalid role_claim', '… an empty role claim'),
  ('add_authjs_secret(''s'', role_source => ''x'')', 'invalid role_source', '… an unknown role source'),
  ('add_cookie_secret(NULL, ''s'')', 'invalid kind', 'add_cookie_secret: no kind'),
  ('add_cookie_secret(''lucia'', ''s'')', 'invalid kind', '… another kind'),
  ('add_cookie_secret(''express'', NULL)', 'invalid secret', '… no secret'),
  ('add_cookie_secret(''express'', '''')', 'invalid secret', '… an empty one'),
  ('drop_cookie_secret(''lucia'', ''s'')', 'invalid kind', 'drop_cookie_secret: another kind'),
  ('revoke_token(NULL)', 'invalid jti', 'revoke_token: no jti'),
  ('revoke_token('''')', 'invalid jti', '… an empty one'),
  ('revoke_token(''j'', '''')', 'invalid issuer', '… an empty issuer')) c (call, message, what);
SELECT is(session_auth.drop_authjs_secret('another'), false, 'drop_authjs_secret of what there is not');
SELECT is(session_auth.drop_authjs_secret(NULL), false, '… of nothing');
SELECT is(session_auth.drop_authjs_secret('a secret of Auth.js'), true, '… of what there is');
SELECT is(session_auth.drop_cookie_secret('better-auth', 'a secret of express'), false, 'drop_cookie_secret of another kind''s');
SELECT is(session_auth.drop_cookie_secret('express', 'a secret of express'), true, '… of what there is');

-- nothing shows a secret
CREATE VIEW public.shown AS
  SELECT l::text AS what FROM session_auth.list_keys() l UNION ALL SELECT e::text FROM session_auth.session_events e UNION ALL SELECT k::text FROM session_auth.keys k;
SELECT is_empty(format('SELECT what FROM public.shown WHERE what ~ %L', '(aaaa|bbbb|cccc|dddd|eeee|ffff|secret of|PRIVATE|' || base64url(repeat('d', 30)) || ')'), 'no secret is listed, recorded or kept with the public keys');
SELECT ok(count(*) >= 8, 'changes of keys are recorded') FROM session_auth.session_events WHERE event ~ 'key|jwks|secret';

-- file:
\set secret_file `f=$(mktemp) && chmod 644 "$f" && printf 'a secret in a file, of 32 bytes and more\n' >"$f" && echo "$f"`
\set empty_file `f=$(mktemp) && chmod 644 "$f" && echo "$f"`
SELECT lives_ok(format('SELECT session_auth.add_key(%L, %L, %L)', 'file', 'HS256', 'file:' || :'secret_file'), 'a secret in a file');
SELECT throws_ok(format('SELECT session_auth.add_key(%L, %L, %L)', 'n', 'HS256', 'file:' || :'empty_file'), '22023', 'invalid key', 'an empty file');
SELECT throws_ok($$SELECT session_auth.add_key('n', 'HS256', 'file:/no/such/file')$$, '22023', 'invalid key', 'a missing file');
SELECT throws_ok($$SELECT session_auth.add_key('n', 'HS256', 'file:/tmp')$$, '22023', 'invalid key', 'a directory');
SELECT throws_ok($$SELECT session_auth.add_key('n', 'HS256', 'file:/dev/zero')$$, '22023', 'invalid key', 'a file without end');
SELECT throws_ok($$SELECT session_auth.add_key('n', 'HS256', 'file:postgresql.conf')$$, '22023', 'invalid key', 'a relative name');
SELECT throws_ok(format('SELECT session_auth.add_authjs_secret(%L, ARRAY[%L])', 'a secret of an application', name), '22023', 'invalid cookie_names', 'no cookie is called ' || quote_literal(name))
FROM unnest(ARRAY['', 'a b', ' a', '{a b}', '{a}', 'a;b', 'a=b', 'a,b', 'a"b', 'a\b', 'a(b', 'a@b', 'a/b', 'å', E'a\n', E'a\tb', repeat('a', 257)]) n (name);
SELECT throws_ok($$SELECT session_auth.add_authjs_secret('a secret of an application', '{}')$$, '22023', 'invalid cookie_names', 'one must be named');
SELECT lives_ok($$SELECT session_auth.add_authjs_secret('a secret of an application', ARRAY['__Host-a.b_c-d!#$%&''*+^`|~0']), session_auth.drop_authjs_secret('a secret of an application')$$, 'all that RFC 6265 allows');
SELECT throws_ok($$SELECT session_auth.add_authjs_secret('file:../x')$$, '22023', 'invalid secret', '… of an Auth.js secret');
SELECT throws_ok($$SELECT session_auth.add_cookie_secret('express', 'file:/no/such/file')$$, '22023', 'invalid secret', 'a missing file of a cookie secret');
SET ROLE sa_admin;
SELECT throws_ok(format('SELECT session_auth.add_key(%L, %L, %L)', 'n', 'HS256', 'file:' || :'secret_file'), '42501', 'permission denied to name a file of the server', 'an administrator without pg_read_server_files names no file');
SELECT throws_ok($$SELECT session_auth.add_authjs_secret('file:/etc/passwd')$$, '42501', 'permission denied to name a file of the server', '… nor for Auth.js');
SELECT throws_ok($$SELECT session_auth.add_cookie_secret('express', 'file:/no/such/file')$$, '42501', 'permission denied to name a file of the server', '… nor learns whether there is one');
RESET ROLE;
GRANT pg_read_server_files TO sa_admin;
SET ROLE sa_admin;
SELECT lives_ok(format('SELECT session_auth.add_authjs_secret(%L)', 'file:' || :'secret_file'), 'with it, it does');
RESET ROLE;
REVOKE pg_read_server_files FROM sa_admin;
SELECT is(session_auth.drop_authjs_secret('file:' || :'secret_file'), true, 'and it is dropped by the name');
\setenv SECRET_FILE :secret_file
\setenv EMPTY_FILE :empty_file
\! rm -f "$SECRET_FILE" "$EMPTY_FILE"
SELECT is_empty(format('SELECT * FROM session_auth.verify_session(%L)', jwt('{}', '{"kid": "file"}')), 'a file that is gone later is no error');

-- who may
SELECT set_eq(format($$SELECT DISTINCT proname::text FROM pg_proc WHERE pronamespace = 'session_auth'::regnamespace AND proname = ANY (%L) AND has_function_privilege(%L, oid, 'EXECUTE')$$,
  '{add_key,import_jwks,disable_key,drop_key,list_keys,add_authjs_secret,drop_authjs_secret,add_cookie_secret,drop_cookie_secret,revoke_token,issue_token,token_from_cookie,authenticate_request,pre_request,read_key,read_jwks,check_secret,keys_changed,revocations_changed,check_role_source,check_optional_names,check_cookie_kind}', usage), names::text[], usage || ' may call what it needs, and nothing else of these')
FROM (VALUES
  ('sa_plain', '{}'), ('sa_request', '{token_from_cookie,authenticate_request,pre_request}'), ('sa_issuer', '{revoke_token,issue_token,token_from_cookie}'),
  ('sa_admin', '{add_key,import_jwks,disable_key,drop_key,list_keys,add_authjs_secret,drop_authjs_secret,add_cookie_secret,drop_cookie_secret,revoke_token,token_from_cookie,authenticate_request,pre_request}')) u (usage, names);
SELECT unnest(ARRAY[is(string_agg(kind, ',' ORDER BY kind), (SELECT string_agg(k, ',' ORDER BY k) FROM (SELECT 'authjs' k FROM session_auth.authjs_secrets UNION ALL SELECT kind FROM session_auth.cookie_secrets) s), 'list_secrets names each'), is(bool_and(since <= now()), true, '… and since when')]) FROM session_auth.list_secrets();
SELECT is((SELECT string_agg(l::text, '') FROM session_auth.list_secrets() l) ~ (SELECT string_agg(secret, '|') FROM (SELECT secret FROM session_auth.authjs_secrets UNION ALL SELECT secret FROM session_auth.cookie_secrets) s), false, '… and never a secret');
SET ROLE sa_admin;
SELECT lives_ok($$SELECT session_auth.add_key('admin', 'HS256', repeat('x', 32))$$, 'admin adds a key');
SELECT lives_ok($$SELECT session_auth.import_jwks('https://admin.example', '{"keys": []}')$$, '… imports a set');
SELECT lives_ok($$SELECT session_auth.revoke_token('j')$$, '… revokes a token');
SELECT throws_ok($$SELECT session_auth.issue_token('alice', '5 min')$$, '42501', 'permission denied for function issue_token', '… issues none');
SELECT throws_ok('TABLE session_auth.key_secrets', '42501', 'permission denied for table key_secrets', '… and reads no secret');
SET ROLE sa_request;
SELECT throws_ok($$SELECT session_auth.add_key('k', 'HS256', repeat('x', 32))$$, '42501', 'permission denied for function add_key', 'request adds no key');
SELECT throws_ok($$SELECT session_auth.issue_token('alice', '5 min')$$, '42501', 'permission denied for function issue_token', '… issues no token');
SELECT throws_ok($$SELECT * FROM session_auth.list_keys()$$, '42501', 'permission denied for function list_keys', '… lists no keys');
SET ROLE sa_issuer;
SELECT throws_ok($$SELECT session_auth.add_key('k', 'HS256', repeat('x', 32))$$, '42501', 'permission denied for function add_key', 'issuer adds no key');
RESET ROLE;

-- a temporary table of the name that import_jwks uses
CREATE TEMP TABLE imported_keys (kid text, algorithm text, public_key text, fingerprint text);
SELECT lives_ok($$SELECT session_auth.import_jwks('https://temp.example', '{"keys": []}')$$, 'import_jwks beside a temporary table of the caller''s');

SELECT * FROM finish();
