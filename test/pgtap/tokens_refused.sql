-- Signed tokens that are refused: by authenticate in the one set of words, by
-- verify_session without a row. Each differs in one thing from a token that is good.
\ir tokens.psql
SELECT plan(359);

-- nothing is set up: no other answer
SELECT throws_ok(format('SELECT session_auth.authenticate(%L)', jwt()), '28000', 'invalid or expired session token', 'a signed token while there is no key');
SELECT is_empty(format('SELECT * FROM session_auth.verify_session(%L)', jwt()), '… by verify_session without an error');
SELECT throws_ok($$SELECT session_auth.authenticate('eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..FPTvZ33fzCZUyGa8.Gq6N.aZi1HH2N-zZPWrIwFq-8BQ')$$, '28000', 'invalid or expired session token', 'an encrypted token while there is no secret');
SELECT throws_ok($$SELECT session_auth.authenticate('s:VYQdl8X0bJ5qk2uQm3sQ1n0yqvPZ0l5a.8SyBqbmq19WkIC7dazdT4m9cTPy4BtxbhMbHl8ruByE')$$, '28000', 'invalid or expired session token', 'express-session''s token while there is no secret');

SELECT session_auth.add_key(NULL, 'HS256', secret()) \g /dev/null
SELECT session_auth.add_key('k1', 'HS256', secret()) \g /dev/null
SELECT session_auth.add_key('hs512', 'HS512', secret() || secret()) \g /dev/null
SELECT session_auth.add_key('rsa', 'RS256', :'rsa_public') \g /dev/null
SELECT session_auth.add_key('ec', 'ES256', :'ec_public') \g /dev/null
SELECT session_auth.add_key('ed', 'EdDSA', :'ed_public') \g /dev/null
SELECT session_auth.add_key('bound', 'HS256', secret(), 'https://issuer.example', '{api,web}') \g /dev/null
SELECT session_auth.add_key('early', 'HS256', secret(), valid_from => now() + interval '1 hour') \g /dev/null
SELECT session_auth.add_key('late', 'HS256', secret(), valid_until => now() - interval '1 hour') \g /dev/null
SELECT session_auth.add_key('gone', 'HS256', secret(), state => 'retired') \g /dev/null
SELECT session_auth.add_key('checks', 'HS256', secret(), state => 'verify only') \g /dev/null
SELECT session_auth.add_authjs_secret('a secret of an application') \g /dev/null

-- what is good, so that the rest is refused for its own reason
SELECT accepted(jwt(), 'a plain token');
SELECT accepted(jwt('{}', '{"kid": "k1"}'), 'with a kid');
SELECT accepted(jwt('{}', '{"kid": "checks"}'), 'of a key that only verifies');
SELECT accepted(jwt('{}', '{"typ": "anything", "x5t": "x", "cty": "y", "unknown": {"a": [1]}}'), 'with header parameters that say nothing here');
SELECT accepted(jwt(jsonb_build_object('exp', in_seconds(-5))), 'expired within the clock skew');
SELECT accepted(jwt(jsonb_build_object('nbf', in_seconds(5))), 'not yet valid, within the clock skew');
SELECT accepted(jwt(jsonb_build_object('iat', in_seconds(5))), 'issued in the future, within the clock skew');
SELECT accepted(jwt('{"exp": 4102444800.5}'), 'exp with a fraction');
SELECT accepted(raw_jwt('{"alg":"HS256"}', '{"sub":"alice","exp":41024448e2}', convert_to(secret(), 'UTF8')), 'exp with an exponent');
SELECT accepted(raw_jwt(' {"alg" : "HS256"} ', E'\n{"sub":"alice","exp":4102444800}\t', convert_to(secret(), 'UTF8')), 'spaces around and within');
SELECT accepted(raw_jwt('{"\u0061lg":"HS\u0032\u00356"}', '{"s\u0075b":"alice","exp":4102444800}', convert_to(secret(), 'UTF8')), 'escaped names and values');
SELECT accepted(jwt('{"iss": "https://issuer.example", "aud": "api"}', '{"kid": "bound"}'), 'the key''s issuer and one of its audiences');
SELECT accepted(jwt('{"iss": "https://issuer.example", "aud": ["x", "web"]}', '{"kid": "bound"}'), 'the audience in an array');

-- the header
SELECT refused(raw_jwt(header, format('{"sub":"alice","exp":%s}', in_seconds(3600)), convert_to(secret(), 'UTF8')), what)
FROM (VALUES
  ('{"alg":"none"}', 'alg none, signed'), ('{"alg":"None"}', 'alg None'), ('{"alg":"NONE"}', 'alg NONE'), ('{"alg":"nOnE"}', 'alg nOnE'), ('{"alg":"n\u006fne"}', 'alg none, escaped'),
  ('{"alg":""}', 'an empty alg'), ('{}', 'no alg'), ('{"alg":null}', 'alg null'), ('{"alg":256}', 'alg a number'), ('{"alg":["HS256"]}', 'alg an array'), ('{"alg":"hs256"}', 'alg in lower case'), ('{"alg":"HS256 "}', 'alg with a space'), ('{"alg":"HS256\u0000"}', 'alg with a NUL'),
  ('{"alg":"HS384"}', 'alg of another hash'), ('{"alg":"RS256","kid":"k1"}', 'alg of another family'), ('{"alg":"HS256","kid":"rsa"}', 'the kid of an RSA key'), ('{"alg":"HS256","kid":"hs512"}', 'the kid of a key for HS512'),
  ('{"alg":"HS256","kid":"unknown"}', 'an unknown kid'), ('{"alg":"HS256","kid":""}', 'an empty kid'), ('{"alg":"HS256","kid":null}', 'kid null'), ('{"alg":"HS256","kid":1}', 'kid a number'), ('{"alg":"HS256","kid":"k1\u0000"}', 'kid with a NUL'), ('{"alg":"HS256","kid":"../../../../dev/null"}', 'kid a path'), ('{"alg":"HS256","kid":"k1'' OR ''1''=''1"}', 'kid an injection'), ('{"alg":"HS256","kid":"' || repeat('k', 300) || '"}', 'a long kid'),
  ('{"alg":"HS256","jku":"https://evil.example/jwks"}', 'jku'), ('{"alg":"HS256","x5u":"https://evil.example/x.pem"}', 'x5u'), ('{"alg":"HS256","x5c":["MIIB"]}', 'x5c'), ('{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}}', 'an embedded jwk'), ('{"alg":"HS256","jwk":null}', 'jwk null'), ('{"alg":"HS256","\u006aku":"https://evil.example/"}', 'jku, escaped'),
  ('{"alg":"HS256","crit":["exp"]}', 'crit of what is known'), ('{"alg":"HS256","crit":["x"],"x":1}', 'crit of what is unknown'), ('{"alg":"HS256","crit":[]}', 'an empty crit'), ('{"alg":"HS256","crit":null}', 'crit null'),
  ('{"alg":"HS256","b64":false}', 'b64 false'), ('{"alg":"HS256","b64":false,"crit":["b64"]}', 'b64 false with crit'), ('{"alg":"HS256","zip":"DEF"}', 'zip'),
  ('{"alg":"HS256","alg":"HS256"}', 'alg twice'), ('{"alg":"none","alg":"HS256"}', 'alg twice, none first'), ('{"alg":"HS256","\u0061lg":"HS256"}', 'alg twice, escaped'), ('{"alg":"HS256","x":1,"x":1}', 'an unknown name twice'), ('{"alg":"HS256","x":{"y":1,"y":2}}', 'a name twice further in'),
  ('{"alg":"HS256","x\u0000":1}', 'a NUL in a name'), ('{"alg":"HS256","\ud800":1}', 'a lone surrogate in a name'),
  ('["HS256"]', 'a header that is an array'), ('"HS256"', '… a string'), ('{"alg":"HS256"', '… cut short'), ('{"alg":"HS256"}}', '… with more behind it'), ('{"alg":"HS256",}', '… with a trailing comma'), ('{''alg'':''HS256''}', '… with single quotes'), (E'\uFEFF{"alg":"HS256"}', '… with a byte order mark'), ('{"alg":"HS256","x":' || repeat('[', 40) || repeat(']', 40) || '}', '… nested too deep'), ('{"alg":"HS256","x":"' || repeat('x', 2048) || '"}', '… that is too long')) h (header, what);

-- the claims
SELECT refused(raw_jwt('{"alg":"HS256"}', claims, convert_to(secret(), 'UTF8')), what)
FROM (VALUES
  ('{"sub":"alice"}', 'no exp'), ('{"sub":"alice","exp":null}', 'exp null'), ('{"sub":"alice","exp":"4102444800"}', 'exp a string'), ('{"sub":"alice","exp":true}', 'exp true'), ('{"sub":"alice","exp":[4102444800]}', 'exp an array'), ('{"sub":"alice","exp":NaN}', 'exp NaN'), ('{"sub":"alice","exp":Infinity}', 'exp Infinity'), ('{"sub":"alice","exp":1e400}', 'exp 1e400'), ('{"sub":"alice","exp":1e999999999}', 'exp 1e999999999'), ('{"sub":"alice","exp":-1}', 'exp before 1970'), ('{"sub":"alice","exp":0}', 'exp 0'), ('{"sub":"alice","exp":04102444800}', 'exp with a leading zero'), ('{"sub":"alice","exp":+4102444800}', 'exp with a plus'), ('{"sub":"alice","exp":0x7fffffff}', 'exp in hexadecimal'),
  ('{"sub":"alice","exp":' || in_seconds(-60) || '}', 'exp in the past'), ('{"sub":"alice","exp":4102444800,"nbf":' || in_seconds(60) || '}', 'nbf in the future'), ('{"sub":"alice","exp":4102444800,"nbf":"0"}', 'nbf a string'), ('{"sub":"alice","exp":4102444800,"nbf":1e400}', 'nbf 1e400'), ('{"sub":"alice","exp":4102444800,"iat":' || in_seconds(60) || '}', 'iat in the future'), ('{"sub":"alice","exp":4102444800,"iat":"0"}', 'iat a string'),
  ('{"exp":4102444800}', 'no sub'), ('{"sub":null,"exp":4102444800}', 'sub null'), ('{"sub":"","exp":4102444800}', 'an empty sub'), ('{"sub":{"id":1},"exp":4102444800}', 'sub an object'), ('{"sub":["alice"],"exp":4102444800}', 'sub an array'), ('{"sub":"al\u0000ice","exp":4102444800}', 'a NUL in sub'), ('{"sub":"al\ud800ice","exp":4102444800}', 'a lone surrogate in sub'), ('{"sub":"al\nice","exp":4102444800}', 'a line break in sub'), ('{"sub":"' || repeat('a', 1025) || '","exp":4102444800}', 'a sub of 1025 bytes'),
  ('{"sub":"alice","exp":4102444800,"jti":1}', 'jti a number'), ('{"sub":"alice","exp":4102444800,"jti":"j\u0000"}', 'a NUL in jti'), ('{"sub":"alice","exp":4102444800,"iss":1}', 'iss a number'), ('{"sub":"alice","exp":4102444800,"aud":1}', 'aud a number'), ('{"sub":"alice","exp":4102444800,"aud":[1]}', 'a number in aud'),
  ('{"sub":"alice","exp":4102444800,"role":1}', 'a role that is a number'), ('{"sub":"alice","exp":4102444800,"role":["USER",1]}', 'a number among the roles'), ('{"sub":"alice","exp":4102444800,"role":"AD\u0000MIN"}', 'a NUL in a role'), ('{"sub":"alice","exp":4102444800,"role":[{"title":"ADMIN"}]}', 'a role that is an object without a name'),
  ('{"sub":"mallory","exp":4102444800,"sub":"alice"}', 'sub twice'), ('{"sub":"mallory","exp":4102444800,"s\u0075b":"alice"}', 'sub twice, escaped'), ('{"sub":"alice","exp":1,"exp":4102444800}', 'exp twice'), ('{"sub":"alice","exp":4102444800,"x":{"y":1,"\u0079":1}}', 'a name twice further in'), ('{"sub":"alice","exp":4102444800,"x\u0000":1}', 'a NUL in a name'), ('{"sub":"alice","exp":4102444800,"x":{"\udfff":1}}', 'a lone surrogate in a name'),
  ('{"sub":"alice","exp":4102444800,"x":' || repeat('[', 32) || repeat(']', 32) || '}', 'JSON nested too deep'), ('{"sub":"alice","exp":4102444800,"x":' || repeat('{"x":', 400) || '1' || repeat('}', 400) || '}', 'JSON nested far too deep'), (repeat('[', 8000), 'only brackets'), ('', 'no claims'), ('[]', 'an array'), ('"alice"', 'a string'), ('null', 'null'), ('{"sub":"alice","exp":4102444800', 'cut short'), ('{"sub":"alice","exp":4102444800}x', 'more behind it'), (E'{"sub":"alice","exp":4102444800,"x":"\t"}', 'a tab in a string'), ('{"sub":"alice","exp":4102444800,"x":"\x"}', 'an unknown escape'), ('{"sub":"alice","exp":4102444800,/**/"x":1}', 'a comment')) c (claims, what);
SELECT refused(raw_jwt_bytes, 'bytes that are no UTF-8') FROM (
  SELECT input || '.' || base64url(hmac(convert_to(input, 'UTF8'), convert_to(secret(), 'UTF8'), 'sha256'))
  FROM (SELECT base64url('{"alg":"HS256"}') || '.' || base64url(convert_to('{"sub":"alice","exp":4102444800,"x":"', 'UTF8') || '\xff'::bytea || convert_to('"}', 'UTF8'))) i (input)) t (raw_jwt_bytes);

-- what the key says of itself
SELECT refused(token, what) FROM (VALUES
  (jwt('{"aud": "api"}', '{"kid": "bound"}'), 'no issuer, though the key has one'), (jwt('{"iss": "https://evil.example", "aud": "api"}', '{"kid": "bound"}'), 'another issuer'), (jwt('{"iss": "https://issuer.example/", "aud": "api"}', '{"kid": "bound"}'), 'an issuer that is alike'),
  (jwt('{"iss": "https://issuer.example"}', '{"kid": "bound"}'), 'no audience, though the key has some'), (jwt('{"iss": "https://issuer.example", "aud": "other"}', '{"kid": "bound"}'), 'another audience'), (jwt('{"iss": "https://issuer.example", "aud": []}', '{"kid": "bound"}'), 'an empty audience'),
  (jwt('{}', '{"kid": "early"}'), 'a key that is not valid yet'), (jwt('{}', '{"kid": "late"}'), 'a key that is no longer valid'), (jwt('{}', '{"kid": "gone"}'), 'a retired key')) t (token, what);

-- the bytes: h, p and s are the parts of a token that is good
SELECT split_part(jwt, '.', 1) AS h, split_part(jwt, '.', 2) AS p, split_part(jwt, '.', 3) AS s FROM jwt() \gset
SELECT accepted(:'h' || '.' || :'p' || '.' || :'s', 'the parts put together');
SELECT refused(token, what) FROM (VALUES
  (:'h' || '.' || :'p' || '.', 'no signature'), (:'h' || '.' || :'p', 'two parts'), (:'h' || '.' || :'p' || '.' || :'s' || '.', 'a dot behind'), (:'h' || '..' || :'s', 'no payload'), ('.' || :'p' || '.' || :'s', 'no header'), ('..', 'dots alone'), (:'h' || '.' || :'p' || '.' || :'s' || '.' || :'s', 'four parts'), (:'h' || '.' || :'p' || '.' || :'s' || '.' || :'s' || '.' || :'s' || '.' || :'s', 'six parts'), (:'h' || '.' || :'p' || '.' || :'s' || '.' || :'s' || '.' || :'s', 'a signed token in five parts'),
  (:'h' || '.' || :'p' || '.' || :'s' || '=', 'padding on the signature'), (:'h' || '=.' || :'p' || '.' || :'s', 'padding on the header'), (:'h' || '.' || :'p' || '=.' || :'s', 'padding on the payload'), (:'h' || '.' || :'p' || '.' || translate(:'s', '-_', '+/') || '+', 'the other alphabet'), (' ' || :'h' || '.' || :'p' || '.' || :'s', 'a space in front'), (:'h' || '.' || :'p' || '.' || :'s' || E'\n', 'a line break behind'), ('Bearer ' || :'h' || '.' || :'p' || '.' || :'s', 'Bearer in front'), (:'h' || '.' || :'p' || '.' || left(:'s', 42), 'a signature without its last character'), (:'h' || '.' || :'p' || '.' || :'s' || 'A', 'a signature with one more'), (:'h' || '.' || :'p' || '.' || left(:'s', 22), 'half a signature'), (:'h' || '.' || :'p' || '.' || :'s' || :'s', 'the signature twice'), (:'h' || '.' || :'p' || '.' || left(:'s', 42) || substr('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', position(right(:'s', 1) IN 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') + 1, 1), 'a signature with bits behind its end'), (:'h' || '.' || :'p' || '.' || reverse(:'s'), 'another signature'),
  (:'h' || '.' || reverse(:'p') || '.' || :'s', 'another payload'), (NULL, 'NULL'), ('', 'an empty string'), ('null', 'the word null')) t (token, what);

-- a secret that everybody knows: HS256 with a public key's bytes
SELECT refused(raw_jwt('{"alg":"HS256","kid":"' || kid || '"}', '{"sub":"alice","exp":4102444800}', secret), what) FROM (VALUES
  ('rsa', convert_to(:'rsa_public', 'UTF8'), 'HMAC with the public key''s PEM'), ('rsa', convert_to(:'rsa_public' || E'\n', 'UTF8'), '… with its last line break'), ('rsa', decode(regexp_replace(:'rsa_public', '-----[^-]*-----|\s', '', 'g'), 'base64'), '… with its DER'), ('ec', convert_to(:'ec_public', 'UTF8'), '… with a P-256 key''s'), ('ec', decode(translate(jwk(:'ec_public') ->> 'x', '-_', '+/') || '=', 'base64'), '… with its coordinate'), ('ed', decode(translate(jwk(:'ed_public') ->> 'x', '-_', '+/') || '=', 'base64'), '… with an Ed25519 key''s'), ('k1', '\x', '… with nothing'), ('k1', '\x00', '… with a zero byte')) t (kid, secret, what);
SELECT refused(raw_jwt(format('{"alg":"%s","kid":"%s"}', alg, kid), '{"sub":"alice","exp":4102444800}', convert_to(secret(), 'UTF8')), format('an HMAC as the signature of %s', alg)) FROM (VALUES ('RS256', 'rsa'), ('PS256', 'rsa'), ('ES256', 'ec'), ('EdDSA', 'ed'), ('Ed25519', 'ed')) t (alg, kid);
SELECT refused(format('%s.%s.%s', base64url('{"alg":"ES256","kid":"ec"}'), base64url('{"sub":"alice","exp":4102444800}'), base64url(signature)), what) FROM (VALUES
  (decode(repeat('00', 64), 'hex'), 'ES256 with r and s of zero'), (decode(repeat('ff', 64), 'hex'), '… out of range'), (decode(lpad('01', 64, '0') || lpad('00', 64, '0'), 'hex'), '… s of zero'), ('\x3006020101020101'::bytea, '… in DER'), (decode('3045022100' || repeat('11', 32) || '0220' || repeat('22', 32), 'hex'), '… in DER of full length')) t (signature, what);
SELECT refused(format('%s.%s.%s', base64url('{"alg":"EdDSA","kid":"ed"}'), base64url('{"sub":"alice","exp":4102444800}'), base64url(signature)), what) FROM (VALUES
  (decode(repeat('00', 64), 'hex'), 'EdDSA with zeros'), (decode('01' || repeat('00', 63), 'hex'), '… with the identity point')) t (signature, what);

-- length
SELECT accepted(jwt(jsonb_build_object('x', repeat('x', 11000))), 'a long token');
SELECT refused(jwt(jsonb_build_object('x', repeat('x', 12300))), 'longer than max_token_length');
SELECT refused(repeat('A', 1000000) || '.' || :'p' || '.' || :'s', 'a megabyte');
SET session_auth.max_token_length = 200;
SELECT refused(jwt(jsonb_build_object('x', repeat('x', 200))), 'longer than a shorter max_token_length');
SELECT accepted(:'h' || '.' || :'p' || '.' || :'s', 'one that is within it');
RESET session_auth.max_token_length;

-- nothing of all this left an identity
SELECT is(session_auth.user_id(), NULL, 'nobody is authenticated');

SELECT * FROM finish();
