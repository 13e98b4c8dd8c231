-- What a signed token says of its bearer: claims, roles and tenant, by the
-- paths that its key names.
\ir tokens.psql
SELECT plan(67);

SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"], "USER": ["view:profile"], "EDITOR": ["edit:posts"]}') \g /dev/null
SELECT session_auth.grant_role('alice', 'USER') \g /dev/null
SELECT session_auth.grant_role('alice', 'EDITOR', 'acme') \g /dev/null
SELECT session_auth.add_key(NULL, 'HS256', secret()) \g /dev/null
SELECT session_auth.add_key(kid, 'HS256', secret(), role_claim => role_claim, tenant_claim => tenant_claim, role_source => role_source) FROM (VALUES
  ('claims', NULL, NULL, 'claims'), ('grants', NULL, NULL, 'grants'), ('both', NULL, NULL, 'both'),
  ('path', 'app_metadata.role', NULL, 'claims'), ('url', 'https://app.example/roles', NULL, 'claims'), ('deep', 'resource_access.my-api.roles', NULL, 'claims'),
  ('tenant', NULL, 'org_id', 'both'), ('tenant path', NULL, 'https://app.example/org.id', 'both')) k (kid, role_claim, tenant_claim, role_source) \g /dev/null

-- claims
SELECT unnest(ARRAY[is(v.kind, 'jws', 'verify_session tells the kind'), is(v.user_id, 'alice', 'the user is sub'), is(v.session_id, NULL, 'there is no session'), is(v.expires_at, '2100-01-01T00:00:00Z'::timestamptz, 'the expiry is exp'),
  is(v.claims, '{"sub": "alice", "exp": 4102444800, "x": {"y": [1, 2.50, true, null, "é漢🦊"]}}'::jsonb, 'claims are as they stand')])
FROM session_auth.verify_session(jwt('{"exp": 4102444800, "x": {"y": [1, 2.50, true, null, "é漢🦊"]}}')) v;
BEGIN;
SELECT session_auth.authenticate(jwt('{"exp": 4102444800, "sub": "åsa", "email": "asa@example.com", "n": 1e2, "o": {"a": 1}, "none": null}')) \g /dev/null
SELECT is(session_auth.user_id(), 'åsa', 'user_id()');
SELECT is(session_auth.claim('email'), 'asa@example.com', 'claim() of a string');
SELECT is(session_auth.claim('n'), '100', '… of a number');
SELECT is(session_auth.claim('o'), '{"a": 1}', '… of an object');
SELECT is(session_auth.claim('none'), NULL, '… of null');
SELECT is(session_auth.claim('missing'), NULL, '… of what there is not');
SELECT is(session_auth.session_id(), NULL, 'session_id()');
SELECT is(session_auth.actor(), NULL, 'actor()');
COMMIT;
SELECT is(session_auth.is_authenticated(), false, 'COMMIT ends the identity');

-- what jsonb cannot hold reads as U+FFFD where it is not used
CREATE FUNCTION public.claims_of(payload text) RETURNS jsonb LANGUAGE sql AS
  $$SELECT claims FROM session_auth.verify_session(public.raw_jwt('{"alg":"HS256"}', payload, convert_to(public.secret(), 'UTF8')))$$;
SELECT is(claims_of('{"sub":"alice","exp":4102444800,"x":"a\u0000b"}') ->> 'x', E'a\uFFFDb', 'a NUL in a claim');
SELECT is(claims_of('{"sub":"alice","exp":4102444800,"x":["\ud800","\udfffz","\ud83e\udd8a"]}') -> 'x', E'["\uFFFD", "\uFFFDz", "🦊"]'::jsonb, 'lone surrogates, and a pair that is none');
SELECT is(claims_of('{"sub":"alice","exp":4102444800,"x":"\\u0000"}') ->> 'x', '\u0000', 'a backslash before u0000 is not an escape');
SELECT is(claims_of('{"sub":"alice","exp":4102444800,"x":"' || repeat('\u0000', 1500) || '"}') ->> 'x', repeat(E'\uFFFD', 1500), 'many NULs');
BEGIN;
SELECT session_auth.authenticate(raw_jwt('{"alg":"HS256"}', '{"sub":"alice","exp":4102444800,"x":"a\u0000b","role":"USER"}', convert_to(secret(), 'UTF8'))) \g /dev/null
SELECT is(session_auth.claim('x'), E'a\uFFFDb', 'claim() of such an identity');
SELECT is(session_auth.claims() ->> 'x', E'a\uFFFDb', 'claims() of it');
SELECT is(session_auth.role(), 'USER', 'its role');
COMMIT;

-- numbers that jsonb can only just hold, or that JavaScript would round
SELECT is(claims_of('{"sub":"alice","exp":4102444800,"x":123456789012345678901234567890.125}') -> 'x', '123456789012345678901234567890.125'::jsonb, 'a long number');
SELECT is(claims_of('{"sub":"alice","exp":4102444800,"x":1e400}') -> 'x', to_jsonb(1e400::numeric), '1e400 in a claim that is not used');
SELECT is(claims_of('{"sub":"alice","exp":4102444800,"x":1e100000000}'), NULL, 'a number that numeric cannot hold is refused');

-- roles: from the token, from grants, or both
CREATE FUNCTION public.roles_of(claims jsonb, kid text DEFAULT 'claims', tenant text DEFAULT NULL) RETURNS text[] LANGUAGE sql AS
  $$SELECT roles FROM session_auth.verify_session(public.jwt(claims, jsonb_build_object('kid', kid)), tenant)$$;
SELECT is(roles_of('{"role": "ADMIN"}'), '{ADMIN}', 'role, a string');
SELECT is(roles_of('{"role": ["ADMIN", "USER", "ADMIN"]}'), '{ADMIN,USER}', 'role, an array, each once');
SELECT is(roles_of('{"roles": ["ADMIN", "USER"]}'), '{ADMIN,USER}', 'roles');
SELECT is(roles_of('{"roles": "ADMIN"}'), '{ADMIN}', 'roles, a string');
SELECT is(roles_of('{"role": "USER", "roles": ["ADMIN"]}'), '{USER}', 'role goes before roles');
SELECT is(roles_of('{"role": []}'), '{}', 'an empty array');
SELECT is(roles_of('{"role": null}'), '{}', 'null');
SELECT is(roles_of('{}'), '{}', 'no claim');
SELECT is(roles_of('{"role": "UNHEARD OF"}'), '{"UNHEARD OF"}', 'a role that nobody has created');
SELECT is(roles_of('{"role": ["ADMIN", null]}'), NULL, 'null among the roles refuses the token');
SELECT is(roles_of('{"role": true}'), NULL, 'so does a boolean');
SELECT is(roles_of('{"role": ""}'), NULL, 'and an empty role');
SELECT is(roles_of(jsonb_build_object('roles', (SELECT jsonb_agg('r' || i) FROM generate_series(1, 1001) i))), NULL, 'and 1001 roles');
SELECT is(roles_of('{"role": "ADMIN"}', 'grants'), '{USER}', 'role_source grants: the token''s are not looked at');
SELECT is(roles_of('{"role": 1}', 'grants'), '{USER}', '… whatever they are');
SELECT is(roles_of('{"role": "ADMIN"}', 'both'), '{ADMIN,USER}', 'both: the token''s, then those granted here');
SELECT is(roles_of('{"role": "USER"}', 'both'), '{USER}', '… each once');
SELECT is(roles_of('{}', 'both', 'acme'), '{USER,EDITOR}', '… with those of the tenant');
SELECT is(roles_of('{"role": "ADMIN"}', 'claims', 'acme'), '{ADMIN}', 'claims: no grant counts, of a tenant neither');

-- paths
SELECT is(roles_of('{"app_metadata": {"role": "ADMIN"}, "role": "USER"}', 'path'), '{ADMIN}', 'a path: app_metadata.role');
SELECT is(roles_of('{"app_metadata.role": "USER", "app_metadata": {"role": "ADMIN"}}', 'path'), '{USER}', '… a name with the dot goes first');
SELECT is(roles_of('{"role": "ADMIN"}', 'path'), '{}', '… and nothing else will do');
SELECT is(roles_of('{"app_metadata": "ADMIN"}', 'path'), '{}', '… nor a string on the way');
SELECT is(roles_of('{"app_metadata": {"role": {"x": 1}}}', 'path'), '{x}', '… an object at its end: its keys');
SELECT is(roles_of('{"https://app.example/roles": ["ADMIN"]}', 'url'), '{ADMIN}', 'a claim with a URL as its name');
SELECT is(roles_of('{"resource_access": {"my-api": {"roles": ["ADMIN", "USER"]}}}', 'deep'), '{ADMIN,USER}', 'three steps');

-- the token's roles are what permissions are asked for
BEGIN;
SELECT session_auth.authenticate(jwt('{"role": "ADMIN", "sub": "mallory"}')) \g /dev/null
SET LOCAL ROLE sa_request;
SELECT is(session_auth.has_permission('view', 'accounts'), true, 'has_permission by a role of the token');
SELECT is(session_auth.has_role('ADMIN'), true, 'has_role');
SELECT is(session_auth.has_permission('edit', 'posts'), false, 'not by others');
COMMIT;

-- tenants
CREATE FUNCTION public.tenant_of(claims jsonb, kid text, tenant text) RETURNS text LANGUAGE sql AS
  $$SELECT coalesce((SELECT coalesce(v.tenant, 'none') FROM session_auth.verify_session(public.jwt(claims, jsonb_build_object('kid', kid)), $3) v), 'refused')$$;
SELECT is(tenant_of('{"org_id": "acme"}', 'tenant', NULL), 'acme', 'the tenant of the token');
SELECT is(tenant_of('{"org_id": "acme"}', 'tenant', 'acme'), 'acme', '… asked for');
SELECT is(tenant_of('{"org_id": "acme"}', 'tenant', 'evil'), 'refused', '… and no other');
SELECT is(tenant_of('{}', 'tenant', 'acme'), 'refused', 'a token that names none is for none');
SELECT is(tenant_of('{}', 'tenant', NULL), 'none', '… and has none');
SELECT is(tenant_of('{"org_id": ["acme", "acme"]}', 'tenant', NULL), 'acme', 'one that is named twice is one');
SELECT is(tenant_of('{"org_id": ["acme", "acme", "other"]}', 'tenant', NULL), 'refused', '… but two are two');
SELECT is(tenant_of('{"org_id": []}', 'tenant', NULL), 'none', 'an empty list names none');
SELECT is(tenant_of('{"org_id": 1}', 'tenant', NULL), 'refused', 'a tenant that is no string');
SELECT is(tenant_of('{"org_id": ""}', 'tenant', NULL), 'refused', 'an empty one');
SELECT is(tenant_of('{"https://app.example/org.id": "acme"}', 'tenant path', NULL), 'acme', 'a claim with a URL as its name');
SELECT is(tenant_of('{"org_id": "acme"}', 'both', 'evil'), 'evil', 'where the key names no claim, the caller says');
SELECT is(roles_of('{"org_id": "acme"}', 'tenant'), '{USER,EDITOR}', 'roles are those of the token''s tenant');
SELECT throws_ok(format('SELECT session_auth.authenticate(%L, tenant => %L)', jwt('{"org_id": "acme"}', '{"kid": "tenant"}'), 'evil'), '28000', 'invalid or expired session token', 'authenticate refuses another tenant in the same words');

SELECT * FROM finish();
