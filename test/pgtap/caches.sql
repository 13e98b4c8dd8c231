-- What a backend remembers of many users and sessions is right, with more of them
-- than there is room for too, and takes no more memory than it may.
-- Also: test/t/memory.t, test/attacks/memory.sql.
SELECT plan(23);

-- 30,000 users with ids of all lengths, one session each; every third is granted
-- nothing, one role, or two and a third in a tenant. 20 more have a role of their own.
SELECT session_auth.create_role(r) FROM unnest('{A,B,C}'::text[]) r \g /dev/null
SELECT session_auth.create_role('R' || n) FROM generate_series(1, 20) n \g /dev/null
CREATE TABLE public.users AS
SELECT n, repeat('u', CASE n % 5 WHEN 0 THEN 0 WHEN 1 THEN 4 WHEN 2 THEN 11 WHEN 3 THEN 31 ELSE 300 END) || n AS id, 'sat_' || lpad(n::text, 43, '0') AS token
FROM generate_series(1, 30020) n;
INSERT INTO session_auth.sessions (session_id, token_key, created_at, expires_at, last_seen_at, lifetime, token_hash, user_id)
SELECT gen_random_uuid(), ('x' || encode(substr(sha256(token::bytea), 1, 8), 'hex'))::bit(64)::bigint, now(), now() + '1 day', now(), '1 day', sha256(token::bytea), id FROM users;
INSERT INTO session_auth.user_roles (user_id, role, tenant)
SELECT id, r.role, r.tenant FROM users, (VALUES (1, 'A', NULL), (2, 'A', NULL), (2, 'B', NULL), (2, 'C', 't')) r (kind, role, tenant) WHERE n <= 30000 AND n % 3 = kind;
INSERT INTO session_auth.user_roles (user_id, role) SELECT id, 'R' || n - 30000 FROM users WHERE n > 30000;
-- an autovacuum would empty the cache in the middle, as any change of the table does
ALTER TABLE session_auth.sessions SET (autovacuum_enabled = off);
ALTER TABLE session_auth.user_roles SET (autovacuum_enabled = off);
ANALYZE session_auth.sessions, session_auth.user_roles;

-- How many users are not who they are, or have not the roles that they have.
CREATE FUNCTION public.wrong(tenant text DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
  SELECT count(*) FROM users u LEFT JOIN LATERAL (SELECT v.user_id, (SELECT coalesce(array_agg(r ORDER BY r), '{}') FROM unnest(v.roles) r) AS roles FROM session_auth.verify_session(u.token, $1) v) v ON true
  WHERE n <= 30000 AND (v.user_id IS DISTINCT FROM u.id
     OR v.roles IS DISTINCT FROM CASE n % 3 WHEN 0 THEN '{}' WHEN 1 THEN '{A}' ELSE CASE WHEN $1 = 't' THEN '{A,B,C}' ELSE '{A,B}' END END::text[])
$$;
CREATE FUNCTION public.memory(name text) RETURNS bigint LANGUAGE sql AS $$
  SELECT coalesce(sum(total_bytes), 0)::bigint FROM pg_backend_memory_contexts m WHERE m.name = $1
$$;

SET session_auth.role_cache_size = '64kB';
SET session_auth.session_cache_size = '64kB';
SELECT is(wrong(), 0::bigint, 'nothing is lost where there is little room');
SELECT is(wrong('t'), 0::bigint, '… for tenants');
SELECT ok(memory('session_auth granted roles') BETWEEN 8 * 1024 AND 80 * 1024, 'little memory is little for roles');
SELECT ok(memory('session_auth found sessions') BETWEEN 8 * 1024 AND 80 * 1024, '… and for places');
SET session_auth.role_cache_size = '4MB';
SET session_auth.session_cache_size = '4MB';

SELECT is(wrong(), 0::bigint, 'everybody is read');
-- some had to go while there was little room
SELECT wrong() \g /dev/null
BEGIN;
CREATE FUNCTION public.asked(index regclass) RETURNS bigint LANGUAGE sql AS 'SELECT pg_stat_get_xact_numscans($1)';
SELECT asked('session_auth.user_roles_user_id_hash') AS roles, asked('session_auth.sessions_token_key_key') AS tokens \gset
SELECT is(wrong(), 0::bigint, '… and remembered');
SELECT is(asked('session_auth.user_roles_user_id_hash') - :roles, 0::bigint, '… with the roles, so that no index is asked');
SELECT cmp_ok(asked('session_auth.sessions_token_key_key') - :tokens, '<', 3000::bigint, '… nor, for most, that of tokens');
COMMIT;
SELECT is((SELECT count(*) FROM users u, session_auth.verify_session(u.token) v WHERE n > 30000 AND v.roles = ARRAY['R' || n - 30000]), 20::bigint, 'so are many sets of roles')
FROM generate_series(1, 2);
SELECT is(wrong('t'), 0::bigint, '… in a tenant');
SELECT is(wrong('other'), 0::bigint, '… and in another');
SELECT is(wrong(), 0::bigint, '… and without one again');
SELECT ok(memory('session_auth granted roles') BETWEEN 64 * 1024 AND 4096 * 1024, 'roles take no more memory than they may');
SELECT ok(memory('session_auth found sessions') BETWEEN 512 * 1024 AND 4096 * 1024, 'so do places of sessions');

-- the last that was read is remembered in any case
SELECT session_auth.grant_role((SELECT id FROM users WHERE n = 30000), 'C') \g /dev/null
SELECT is(wrong(), 1::bigint, 'a grant is seen among thousands that are remembered');
SELECT session_auth.revoke_role((SELECT id FROM users WHERE n = 30000), 'C') \g /dev/null
SELECT is(wrong(), 0::bigint, '… and its end');

-- rows that move, and sessions that end, while their places are remembered
UPDATE session_auth.sessions SET last_seen_at = clock_timestamp();
VACUUM session_auth.sessions;
UPDATE session_auth.sessions SET last_seen_at = clock_timestamp() WHERE user_id LIKE '%7';
SELECT is(wrong(), 0::bigint, 'rows that lie where others lay are not taken for them');
UPDATE session_auth.sessions SET last_seen_at = clock_timestamp();
SELECT is(wrong(), 0::bigint, 'rows that have moved are found');
SELECT count(session_auth.expire_user_sessions(id)) FROM users WHERE n % 10 = 1 \g /dev/null
SELECT is(wrong(), 3000::bigint, 'those that have ended are not');

-- rows that move within their page, as they do whenever they are seen, and whose old versions are pruned away
CREATE TABLE public.few AS SELECT token, id FROM users WHERE n > 30000 AND n % 10 <> 1;
CREATE FUNCTION public.all_found() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM few, session_auth.verify_session(token) v WHERE v.user_id = id';
VACUUM session_auth.sessions;
SELECT all_found() \g /dev/null
BEGIN;
UPDATE session_auth.sessions SET last_seen_at = clock_timestamp() WHERE user_id IN (SELECT id FROM few);
SELECT is(all_found(), 18::bigint, 'rows that have been seen meanwhile are found');
COMMIT;
UPDATE session_auth.sessions SET last_seen_at = clock_timestamp() WHERE user_id IN (SELECT id FROM few);
VACUUM session_auth.sessions;
BEGIN;
UPDATE session_auth.sessions SET last_seen_at = clock_timestamp() WHERE user_id IN (SELECT id FROM few);
SELECT asked('session_auth.sessions_token_key_key') AS tokens \gset
SELECT is(all_found(), 18::bigint, '… and after that');
SELECT cmp_ok(asked('session_auth.sessions_token_key_key') - :tokens, '<=', 4::bigint, '… without the index, where there was room in their pages');
COMMIT;

SELECT * FROM finish();
