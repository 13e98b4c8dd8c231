-- issue_token: what it signs verifies here, says what it should and no more.
-- That others verify it too is in test/t/jwt.t.
\ir tokens.psql
SELECT plan(79);

SELECT throws_ok($$SELECT session_auth.issue_token('alice', '5 min')$$, '0A000', 'no active private key to sign a token with', 'without a key');
SELECT session_auth.add_key('public', 'RS256', :'rsa_public') \g /dev/null
SELECT session_auth.add_key('checks', 'ES256', :'ec', state => 'verify only') \g /dev/null
SELECT session_auth.add_key('gone', 'EdDSA', :'ed', state => 'retired') \g /dev/null
SELECT session_auth.add_key('early', 'HS256', secret(), valid_from => now() + interval '1 hour') \g /dev/null
SELECT session_auth.add_key('late', 'HS256', secret(), valid_until => now() - interval '1 hour') \g /dev/null
SELECT throws_ok($$SELECT session_auth.issue_token('alice', '5 min')$$, '0A000', 'no active private key to sign a token with', 'with public keys, keys that only verify, retired ones and those of another time');
SELECT throws_ok(format('SELECT session_auth.issue_token(%L, %L, kid => %L)', 'alice', '5 min', kid), '0A000', 'no active private key to sign a token with', '… named: ' || kid) FROM unnest('{public,checks,gone,early,late,unheard of}'::text[]) kid;

-- a round trip with each kind of key
SELECT session_auth.add_key(kid, algorithm, key, 'https://issuer.example/' || algorithm, '{api,web}', tenant_claim => 'org') FROM (VALUES
  ('hs256', 'HS256', secret()), ('rs256', 'RS256', :'rsa'), ('ps256', 'PS256', :'rsa'), ('es256', 'ES256', :'ec'), ('eddsa', 'EdDSA', :'ed')) k (kid, algorithm, key) \g /dev/null
CREATE TABLE public.issued AS
  SELECT kid, algorithm, session_auth.issue_token('al"ice', '5 min', '{"role": ["A", "B"], "org": "acme", "x": {"y": "é\"\\"}}', kid) AS token FROM session_auth.list_keys() WHERE issuer IS NOT NULL;
SELECT is(from_base64url(split_part(token, '.', 1))::jsonb - 'typ', jsonb_build_object('alg', algorithm, 'kid', kid), kid || ': the header') FROM issued ORDER BY kid;
SELECT is(v.user_id, 'al"ice', kid || ': the user') FROM issued, session_auth.verify_session(token) v ORDER BY kid;
SELECT is(v.roles, '{A,B}'::text[], kid || ': the roles') FROM issued, session_auth.verify_session(token) v ORDER BY kid;
SELECT is(v.tenant, 'acme', kid || ': the tenant') FROM issued, session_auth.verify_session(token) v ORDER BY kid;
SELECT is(v.claims - '{iat,exp,jti}'::text[], jsonb_build_object('sub', 'al"ice', 'iss', 'https://issuer.example/' || algorithm, 'aud', '["api", "web"]'::jsonb, 'role', '["A", "B"]'::jsonb, 'org', 'acme', 'x', '{"y": "é\"\\"}'::jsonb), kid || ': all claims') FROM issued, session_auth.verify_session(token) v ORDER BY kid;
SELECT is((v.claims ->> 'exp')::numeric - floor((v.claims ->> 'iat')::numeric), 300::numeric, kid || ': good for as long as was asked') FROM issued, session_auth.verify_session(token) v ORDER BY kid;
SELECT ok(abs(extract(epoch FROM v.expires_at - clock_timestamp()) - 300) < 60, kid || ': … from now on') FROM issued, session_auth.verify_session(token) v ORDER BY kid;
SELECT is(count(DISTINCT v.claims ->> 'jti'), 5::bigint, 'each has a jti of its own') FROM issued, session_auth.verify_session(token) v;
SELECT ok(session_auth.revoke_token(v.claims ->> 'jti', v.claims ->> 'iss'), 'it can be revoked by that') FROM issued, session_auth.verify_session(token) v WHERE kid = 'es256';
SELECT refused(token, 'an issued token that was revoked') FROM issued WHERE kid = 'es256';
SELECT session_auth.disable_key('rs256', 'https://issuer.example/RS256') \g /dev/null
SELECT refused(token, 'an issued token whose key was retired') FROM issued WHERE kid = 'rs256';
SELECT is_empty($$SELECT FROM issued, session_auth.session_events e WHERE e::text LIKE '%' || split_part(token, '.', 3) || '%'$$, 'no event holds a token');

-- the newest key, when none is named
SELECT is(from_base64url(split_part(session_auth.issue_token('alice', '5 min'), '.', 1))::jsonb ->> 'kid', 'eddsa', 'without a kid the newest signs');
SELECT session_auth.add_key(NULL, 'HS256', secret()) \g /dev/null
SELECT session_auth.issue_token('alice', NULL) AS plain, session_auth.issue_token('alice', '1 day') AS day, session_auth.issue_token('alice', '1 second') AS second \gset
SELECT unnest(ARRAY[is(v.claims - '{iat,exp,jti}'::text[], '{"sub": "alice"}', 'a key without issuer and audiences: neither claim'), is((v.claims ->> 'exp')::numeric - floor((v.claims ->> 'iat')::numeric), 300::numeric, 'no expires_in: five minutes')]) FROM session_auth.verify_session(:'plain') v;
SELECT accepted(:'day', 'one day at the most');
SELECT accepted(:'second', 'one second at least');

-- arguments
SELECT throws_ok('SELECT session_auth.issue_token(' || arguments || ')', '22023', message, 'issue_token: ' || what)
FROM (VALUES
  ('NULL, ''5 min''', 'invalid user_id', 'no user'), (''''', ''5 min''', 'invalid user_id', 'an empty one'), ('E''a\nb'', ''5 min''', 'invalid user_id', 'a control character'), ('repeat(''a'', 1025), ''5 min''', 'invalid user_id', 'a long one'),
  ('''a'', ''0''', 'invalid expires_in', 'no time at all'), ('''a'', ''-5 min''', 'invalid expires_in', 'time past'), ('''a'', ''1 day 1 second''', 'invalid expires_in', 'more than a day'), ('''a'', ''0.5 seconds''', 'invalid expires_in', 'half a second'), ('''a'', ''1 month''', 'invalid expires_in', 'a month'),
  ('''a'', ''5 min'', ''[]''', 'invalid claims', 'claims that are no object'), ('''a'', ''5 min'', ''"x"''', 'invalid claims', '… a string'), ('''a'', ''5 min'', jsonb_build_object(''x'', repeat(''x'', 9000))', 'invalid claims', '… that are too large')) a (arguments, message, what);
SELECT throws_ok(format('SELECT session_auth.issue_token(%L, %L, %L)', 'a', '5 min', jsonb_build_object(claim, 'x')), '22023', 'invalid claims', 'issue_token: a reserved claim: ' || claim) FROM unnest('{iss,sub,aud,exp,iat,jti}'::text[]) claim;
SELECT lives_ok($$SELECT session_auth.issue_token('a', '5 min', '{"nbf": 0, "ISS": "x", "": 1}')$$, 'others are the caller''s');
SELECT lives_ok($$SELECT session_auth.issue_token('a', '5 min', NULL, NULL)$$, 'NULLs are defaults');

-- who may, and where
SET ROLE sa_issuer;
SELECT lives_ok($$SELECT session_auth.issue_token('alice', '5 min')$$, 'issuer issues');
SET ROLE sa_request;
SELECT throws_ok($$SELECT session_auth.issue_token('alice', '5 min')$$, '42501', 'permission denied for function issue_token', 'request does not');
RESET ROLE;
BEGIN READ ONLY;
SELECT accepted(session_auth.issue_token('alice', '5 min'), 'issued and verified in a READ ONLY transaction');
COMMIT;

-- log out everywhere, and in again: a new token must be good
SELECT session_auth.expire_user_sessions('frank') \g /dev/null
SELECT accepted(session_auth.issue_token('frank', '5 min'), 'a token issued right after expire_user_sessions');

SELECT * FROM finish();
