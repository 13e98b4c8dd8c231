-- Attack: JWTs that are nearly good, through SQL: algorithm confusion, none, keys of the
-- token's own, kid tricks, duplicate names, other issuers, tenants and users, a key
-- that has changed, remembered tokens. test/pgtap/tokens_*.sql has the long list.
-- Holds: the trusted key decides; nothing that the token says widens it.
-- Guards: src/pure/crypto_sign.c, crypto_verify(); src/verify/prove_jws.c, prove_by_keys(); src/verify/external_read.c, src/verify/external_token.c.
-- Also: test/pgtap/keys.sql, test/t/jwt.t.
SELECT plan(28);
\ir tokens_for_attacks.psql
SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"]}') \g /dev/null
SELECT session_auth.add_key('a', 'HS256', secret() || 'a', 'https://a', role_claim => 'roles', tenant_claim => 'org') \g /dev/null
SELECT session_auth.add_key('b', 'HS256', secret() || 'b', 'https://b', role_source => 'grants') \g /dev/null
CREATE FUNCTION public.of(issuer text, claims jsonb DEFAULT '{}', kid text DEFAULT NULL, alg text DEFAULT 'HS256') RETURNS text LANGUAGE sql AS $$
  SELECT public.raw_jwt(jsonb_build_object('alg', alg, 'kid', coalesce(kid, issuer))::text, (jsonb_build_object('sub', 'alice', 'exp', public.in_seconds(600), 'iss', 'https://' || issuer) || claims)::text, convert_to(public.secret() || issuer, 'UTF8')) $$;
SELECT accepted(of('a'), 'a token of the first issuer');
SELECT accepted(of('b'), 'and one of the second');
SELECT refused_quickly(token, what) FROM (VALUES (of('a', '{}', 'b'), 'signed by one, with the kid of the other'), (of('b', '{"iss": "https://a"}'), 'in the other issuer''s name'), (of('a', '{}', NULL, 'none'), 'none, with a good signature'), (of('a', '{}', NULL, 'HS512'), 'another hash'),
  (of('a', '{"iss": ["https://a"]}'), 'an issuer in an array'), (split_part(of('a'), '.', 1) || '.' || split_part(of('a', '{"roles": ["ADMIN"]}'), '.', 2) || '.' || split_part(of('a'), '.', 3), 'claims that were exchanged'),
  ((SELECT overlay(t placing CASE substr(t, length(t) - 3, 1) WHEN 'A' THEN 'B' ELSE 'A' END from length(t) - 3) FROM of('a') t), 'one character of the signature changed'), (regexp_replace(of('a'), '[^.]*$', ''), 'the signature cut off'), (regexp_replace(of('a'), '[^.]*$', repeat('A', 43)), 'a signature of zeros')) v (token, what);
-- what a token may say of roles and tenants
SELECT is((SELECT roles FROM session_auth.verify_session(of('b', '{"role": "ADMIN", "roles": ["ADMIN"]}'))), '{}'::text[], 'role_source grants: the token cannot give itself a role');
SELECT is((SELECT roles FROM session_auth.verify_session(of('a', '{"role": "ADMIN"}'))), '{}'::text[], 'a role under another name than the key''s is none');
SELECT is((SELECT count(*) FROM session_auth.verify_session(of('a', '{"org": "acme"}'), 'umbrella')), 0::bigint, 'a token of one tenant is none in another');
SELECT is((SELECT count(*) FROM session_auth.verify_session(of('a'), 'umbrella')), 0::bigint, '… nor one without a tenant');
SELECT is((SELECT tenant FROM session_auth.verify_session(of('a', '{"org": "acme"}'))), 'acme', '… and it is its own without asking');
-- a remembered token: its key changes, is replaced under the same kid, comes back
SELECT of('a', '{"jti": "once"}') AS known \gset
SELECT accepted(:'known', 'remembered');
SELECT refused_quickly(token, what) FROM (VALUES (split_part(:'known', '.', 1) || '.' || split_part(of('a', '{"jti": "once", "roles": ["ADMIN"]}'), '.', 2) || '.' || split_part(:'known', '.', 3), 'other claims under a remembered signature'),
  (regexp_replace(:'known', '[^.]*$', repeat('A', 43)), 'remembered claims under another signature'), (regexp_replace(:'known', '[^.]*$', split_part(of('a'), '.', 3)), '… under that of another token'),
  (split_part(of('b'), '.', 1) || '.' || split_part(:'known', '.', 2) || '.' || split_part(:'known', '.', 3), 'another header before remembered claims')) v (token, what);
SELECT is((SELECT count(*) FROM generate_series(1, 3000) n, session_auth.verify_session(regexp_replace(:'known', '[^.]*$', lpad(n::text, 43, 'A')))), 0::bigint, '… and under thousands, some of which have its place');
SELECT accepted(:'known', 'still remembered');
SELECT session_auth.drop_key('a', 'https://a') \g /dev/null
SELECT session_auth.add_key('a', 'HS256', secret() || 'other', 'https://a') \g /dev/null
SELECT refused_quickly(:'known', 'the key was replaced under its kid');
SELECT session_auth.drop_key('a', 'https://a'), session_auth.add_key('a', 'HS256', secret() || 'a', 'https://a') \g /dev/null
SELECT accepted(:'known', 'the first key is back');
BEGIN;
SELECT session_auth.revoke_token('once', 'https://a') \g /dev/null
SELECT refused_quickly(:'known', 'revoked');
ROLLBACK;
SELECT accepted(:'known', 'a revocation that was rolled back');
SELECT session_auth.expire_user_sessions('alice') \g /dev/null
SELECT refused_quickly(:'known', 'logged out everywhere');

SELECT * FROM finish();
