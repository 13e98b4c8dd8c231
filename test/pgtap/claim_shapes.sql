-- Claims in the shapes in which issuers send them: where the user, the roles and the
-- tenant are, what a token must say of itself, and what the log tells of a refusal.
-- See also tokens_roles.sql, tokens_refused.sql and test/unit/claims_test.c.
\ir tokens.psql
SELECT plan(54);

-- a token of a key, with an end; what it says comes first
CREATE FUNCTION public.shaped(kid text, claims jsonb) RETURNS text LANGUAGE sql AS
  $$SELECT public.raw_jwt(jsonb_build_object('alg', 'HS256', 'kid', kid)::text, ('{"exp": 4102444800}'::jsonb || claims)::text, convert_to(public.secret(), 'UTF8'))$$;
CREATE FUNCTION public.user_of(kid text, claims jsonb) RETURNS text LANGUAGE sql AS
  $$SELECT user_id FROM session_auth.verify_session(public.shaped(kid, claims))$$;
CREATE FUNCTION public.roles_in(kid text, claims jsonb) RETURNS text[] LANGUAGE sql AS
  $$SELECT roles FROM session_auth.verify_session(public.shaped(kid, '{"sub": "u1"}' || claims))$$;
CREATE FUNCTION public.tenant_in(kid text, claims jsonb, asked text DEFAULT NULL) RETURNS text LANGUAGE sql AS
  $$SELECT coalesce(tenant, 'none') FROM session_auth.verify_session(public.shaped(kid, '{"sub": "u1"}' || claims), asked)$$;

-- the user: simplejwt's user_id, Entra's oid, Keycloak's preferred_username
SELECT session_auth.add_key('user', 'HS256', secret(), user_claim => 'user_id') \g /dev/null
SELECT session_auth.add_key('deep', 'HS256', secret(), user_claim => 'https://app.example/user.id') \g /dev/null
SELECT session_auth.add_key('sub', 'HS256', secret()) \g /dev/null
SELECT is(user_of('user', '{"user_id": 42}'), '42', 'a number counts as its text');
SELECT is(user_of('user', '{"user_id": "42", "sub": "other"}'), '42', 'the claim that the key names, not sub');
SELECT is(user_of('user', '{"sub": "u1"}'), NULL, '… and no other in its place');
SELECT is(user_of('user', '{"user_id": null}'), NULL, '… nor null');
SELECT is(user_of('user', '{"user_id": ["u1"]}'), NULL, '… nor an array');
SELECT is(user_of('user', '{"user_id": ""}'), NULL, '… nor an empty text');
SELECT is(user_of('user', '{"user_id": "a\nb"}'), NULL, '… nor a control character');
SELECT is(user_of('deep', '{"https://app.example/user": {"id": "u7"}}'), 'u7', 'a path');
SELECT is(user_of('sub', '{"sub": 42}'), '42', 'sub as a number');
SELECT is(user_of('sub', '{"sub": 9007199254740993}'), '9007199254740993', '… of any size');
SELECT is(user_of('sub', '{"sub": true}'), NULL, '… but no boolean');

-- roles
SELECT session_auth.add_key('roles', 'HS256', secret(), role_claim => 'r') \g /dev/null
SELECT session_auth.add_key('zitadel', 'HS256', secret(), role_claim => 'urn:zitadel:iam:org:project:roles') \g /dev/null
SELECT session_auth.add_key('scope', 'HS256', secret(), role_claim => 'scope') \g /dev/null
SELECT session_auth.add_key('scp', 'HS256', secret(), role_claim => 'x.scp') \g /dev/null
SELECT is(roles_in('roles', '{"r": "editor"}'), '{editor}', 'a text');
SELECT is(roles_in('roles', '{"r": "editor auditor"}'), '{"editor auditor"}', '… which is one role');
SELECT is(roles_in('roles', '{"r": ["editor", "auditor"]}'), '{editor,auditor}', 'an array of texts');
SELECT is(roles_in('roles', '{"r": [{"name": "editor", "id": 1}, {"name": "auditor"}]}'), '{editor,auditor}', 'an array of objects with a name');
SELECT is(roles_in('zitadel', '{"urn:zitadel:iam:org:project:roles": {"admin": {"2867": "id.example"}, "user": {}}}'), '{user,admin}', 'an object: its keys');
SELECT is(roles_in('scope', '{"scope": "editor auditor"}'), '{editor,auditor}', 'scope splits at spaces');
SELECT is(roles_in('scope', '{"scope": "  editor  "}'), '{editor}', '… and empty words are none');
SELECT is(roles_in('scope', '{"scope": ["a b"]}'), '{"a b"}', '… as a text alone');
SELECT is(roles_in('scp', '{"x": {"scp": "a b"}}'), '{a,b}', 'so does scp, at the end of a path');
SELECT is(roles_in('scope', '{"scope": ""}'), '{}', 'none of them');
SELECT is(roles_in('roles', '{"r": "org:admin"}'), '{org:admin}', 'a role holds a colon');
SELECT is(roles_in('roles', '{"r": [{"title": "editor"}]}'), NULL, 'objects without a name are refused');
SELECT is(roles_in('roles', '{"r": 7}'), NULL, '… and a number');
SELECT is(roles_in('roles', '{"r": [["editor"]]}'), NULL, '… and an array in an array');
SELECT is(roles_in('roles', '{"r": {"": 1}}'), NULL, '… and an empty name');
SELECT session_auth.create_role('org:admin'), session_auth.grant_permission('org:admin', 'view', 'accounts') \g /dev/null
SELECT ok(session_auth.has_permission('org:admin', 'view', 'accounts'), 'a role with a colon is a role');
SELECT is(session_auth.export_permissions() -> 'org:admin', '["view:accounts"]', '… in exports too');

-- has_role answers as roles() does
BEGIN;
SELECT session_auth.authenticate(shaped('roles', '{"sub": "u1", "r": "of the token alone"}')) \g /dev/null
SELECT is(session_auth.roles(), '{of the token alone}', 'roles() shows what the token names');
SELECT ok(session_auth.has_role('of the token alone'), 'and has_role() says so');
SELECT ok(NOT session_auth.has_role('of the token') AND NOT session_auth.has_role('of the token alone '), '… of that name alone');
COMMIT;

-- tenants: Keycloak's organization, Supabase's app_metadata.tenants
SELECT session_auth.add_key('org', 'HS256', secret(), tenant_claim => 'organization') \g /dev/null
SELECT is(tenant_in('org', '{"organization": "acme"}', 'acme'), 'acme', 'a text');
SELECT is(tenant_in('org', '{"organization": ["acme"]}', 'acme'), 'acme', 'an array of one');
SELECT is(tenant_in('org', '{"organization": ["acme", "globex"]}', 'globex'), 'globex', 'of several the one that is asked for');
SELECT is(tenant_in('org', '{"organization": {"acme": {"id": "1"}, "globex": {}}}', 'acme'), 'acme', 'an object: its keys');
SELECT is(tenant_in('org', '{"organization": ["acme", "globex"]}', 'initech'), NULL, 'another is refused');
SELECT is(tenant_in('org', '{"organization": ["acme"]}'), 'acme', 'with none asked for the only one');
SELECT is(tenant_in('org', '{"organization": ["acme", "globex"]}'), NULL, '… of several none');
SELECT is(tenant_in('org', '{"organization": []}'), 'none', 'a token of no tenant');
SELECT is(tenant_in('org', '{"organization": []}', 'acme'), NULL, '… is for none that is asked for');
SELECT is(tenant_in('org', '{"organization": 7}', '7'), NULL, 'a number is no tenant');

-- what a token must say: its purpose, its client
SELECT session_auth.add_key('access', 'HS256', secret(), required_claims => '{"type": "access"}') \g /dev/null
SELECT session_auth.add_key('cognito', 'HS256', secret(), required_claims => '{"token_use": ["access", "id"], "client_id": "c1", "n": 1.0, "ok": true}') \g /dev/null
SELECT is(user_of('access', '{"sub": "u1", "type": "access"}'), 'u1', 'a token of the purpose');
SELECT is(user_of('access', '{"sub": "u1", "type": "refresh"}'), NULL, 'a refresh token is none');
SELECT is(user_of('access', '{"sub": "u1"}'), NULL, 'a token without the claim is none');
SELECT is(user_of('access', '{"sub": "u1", "type": ["refresh", "access"]}'), 'u1', 'a claim that is an array contains it');
SELECT is(user_of('access', '{"sub": "u1", "type": {"access": true}}'), NULL, '… an object does not');
SELECT is(user_of('cognito', '{"sub": "u1", "token_use": "id", "client_id": "c1", "n": 1, "ok": true}'), 'u1', 'one of several values, numbers by their value');
SELECT is(user_of('cognito', '{"sub": "u1", "token_use": "id", "client_id": "c2", "n": 1, "ok": true}'), NULL, 'each of the claims counts');
SELECT is(user_of('cognito', '{"sub": "u1", "token_use": "id", "client_id": "c1", "n": "1", "ok": true}'), NULL, 'a text is no number');
SELECT is(user_of('cognito', '{"sub": "u1", "token_use": "id", "client_id": "c1", "n": 1, "ok": false}'), NULL, 'nor is false true');
SELECT throws_ok(format('SELECT session_auth.add_key(%L, %L, %L, required_claims => %L)', 'bad', 'HS256', secret(), required), '22023', 'invalid required_claims', 'not to be required: ' || required)
FROM unnest('{"[]","\"access\"","{\"a\": null}","{\"a\": []}"}'::text[]) required;
SELECT * FROM finish();
