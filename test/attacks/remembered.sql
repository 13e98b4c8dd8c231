-- Attack: to be taken for another of whom a backend remembers something: by a token whose
-- digest agrees in part with that of a session whose place is known, before and after that
-- one ends; by a user's id or a tenant that look like those whose roles are known, or an id with the
-- same hash.
-- Holds: what is remembered is a place, and the whole digest is compared in the row; roles
-- are remembered for a user's whole id and tenant, and read for it. Guards: src/catalog/table_sessions.c,
-- catalog_find_session(); src/catalog/table_permissions.c, granted_by(); src/verify/role_cache.c, key_of_user(). pgtap/caches.sql has many of both.
SELECT plan(28);

-- Bytes 5 to 8 of the SHA-256 of 17466 and 19159 agree, and of 73447 and 91965.
CREATE FUNCTION public.token(n int) RETURNS text LANGUAGE sql AS $$SELECT 'sat_' || lpad(n::text, 43, '0')$$;
CREATE FUNCTION public.who(n int) RETURNS text LANGUAGE sql AS $$SELECT coalesce((SELECT user_id FROM session_auth.verify_session(public.token(n))), 'nobody')$$;
SELECT ok(substr(sha256(token(a)::bytea), 5, 4) = substr(sha256(token(b)::bytea), 5, 4), format('%s and %s agree', a, b)) FROM (VALUES (17466, 19159), (73447, 91965)) v (a, b);
INSERT INTO session_auth.sessions (session_id, token_key, created_at, expires_at, last_seen_at, lifetime, token_hash, user_id)
SELECT gen_random_uuid(), ('x' || encode(substr(sha256(token(n)::bytea), 1, 8), 'hex'))::bit(64)::bigint, now(), now() + '1 day', now(), '1 day', sha256(token(n)::bytea), 'user ' || n FROM unnest('{17466,19159,73447}'::int[]) n;

SELECT is(who(n), 'user ' || n, 'each is its own, however often') FROM unnest('{17466,17466,19159,17466,19159,19159}'::int[]) n;
SELECT is(who(73447), 'user 73447', 'one whose like has no session');
SELECT is(who(91965), 'nobody', 'the like that has none is nobody');
SELECT session_auth.expire_user_sessions('user 17466') \g /dev/null
SELECT is(who(17466), 'nobody', 'one that has ended is not the other');
SELECT is(who(19159), 'user 19159', 'the other lives');

-- ids and tenants that begin alike, join to the same text, or differ in the middle of a long one
SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"]}') \g /dev/null
SELECT session_auth.grant_role(u, 'ADMIN', t) FROM (VALUES ('ann', 'x'), ('bob', NULL), (repeat('c', 40) || 'd' || repeat('c', 40), NULL)) v (u, t) \g /dev/null
CREATE FUNCTION public.roles(who text, tenant text) RETURNS text LANGUAGE sql AS $$SELECT coalesce((SELECT v.roles::text FROM session_auth.create_session(who) s, session_auth.verify_session(s.token, tenant) v), 'nobody')$$;
SELECT is(roles(u, t), CASE WHEN admin THEN '{ADMIN}' ELSE '{}' END, format('%s, tenant %s', u, t))
FROM (VALUES ('ann', 'x', true), ('ann', 'y', false), ('ann', NULL, false), ('annx', NULL, false), ('ann', 'x', true), ('an', 'nx', false),
  ('bob', NULL, true), ('bob', 'x', true), ('bo', NULL, false), ('bobb', NULL, false),
  (repeat('c', 40) || 'd' || repeat('c', 40), NULL, true), (repeat('c', 40) || 'e' || repeat('c', 40), NULL, false)) v (u, t, admin);

-- two ids with the same hash, by which roles are looked for
SELECT is(hashtext('user 122420'), hashtext('user 148686'), 'two ids have one hash');
SELECT session_auth.grant_role('user 122420', 'ADMIN') \g /dev/null
SELECT is(roles('user 148686', NULL), '{}', 'one has not what the other is granted');
SELECT is(roles('user 122420', NULL), '{ADMIN}', 'who has it');
SELECT is(roles('user 148686', 'x'), '{}', '… nor in a tenant');

SELECT * FROM finish();
