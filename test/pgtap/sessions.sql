-- Sessions: creating, verifying, listing, refreshing, ending and purging them.
-- Also: test/specs/purge_refresh.spec, test/specs/session_limit.spec,
-- test/specs/expire_authenticate.spec, test/attacks/expire_session.sql.
SELECT plan(58);

SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"], "USER": []}') \g /dev/null
SELECT session_auth.grant_role('alice', 'ADMIN') \g /dev/null

-- create_session
SELECT * FROM session_auth.create_session('alice') \gset a_
SELECT * FROM session_auth.create_session(user_id => 'alice', expires_in => '1 hour', metadata => '{"device": "phone"}') \gset b_
SELECT matches(:'a_token'::text, '^sat_[A-Za-z0-9_-]{43}$', 'a token is 256 bits in base64url behind its prefix');
SELECT isnt(:'a_token'::text, :'b_token', 'no two tokens are the same');
SELECT isnt(:'a_session_id'::text, :'b_session_id', 'no two sessions are the same');
SELECT ok(:'a_expires_at'::timestamptz BETWEEN now() + '29 days 23 hours' AND now() + '30 days 1 hour', 'session_lifetime is 30 days by default');
SELECT ok(:'b_expires_at'::timestamptz BETWEEN now() + '59 minutes' AND now() + '61 minutes', 'expires_in is obeyed');
SET session_auth.session_lifetime = '2h';
SELECT * FROM session_auth.create_session('dora') \gset d_
SELECT ok(:'d_expires_at'::timestamptz BETWEEN now() + '119 minutes' AND now() + '121 minutes', 'session_lifetime is obeyed');
RESET session_auth.session_lifetime;
SELECT is(count(*), 0::bigint, 'no token is stored') FROM session_auth.sessions s WHERE s::text LIKE '%' || substr(:'a_token', 5) || '%';
SELECT is(count(*), 1::bigint, 'its SHA-256 is stored') FROM session_auth.sessions s WHERE s::text LIKE '%' || encode(sha256(:'a_token'::bytea), 'hex') || '%';
SELECT ok(count(*) > 0, 'creating a session is recorded') FROM session_auth.session_events WHERE user_id = 'alice' AND session_id = :'a_session_id';

-- verify_session
CREATE FUNCTION public.registered(uuid) RETURNS jsonb LANGUAGE sql AS
  $$SELECT jsonb_build_object('sub', user_id, 'sid', session_id, 'iat', trunc(extract(epoch FROM created_at)), 'exp', trunc(extract(epoch FROM expires_at)))
    FROM session_auth.sessions WHERE session_id = $1$$;
SELECT is(v.user_id, 'alice', 'verify_session tells the user') FROM session_auth.verify_session(:'a_token') v;
SELECT is(v.role, 'ADMIN', '… the role') FROM session_auth.verify_session(:'a_token') v;
SELECT is(v.roles, '{ADMIN}'::text[], '… the roles') FROM session_auth.verify_session(:'a_token') v;
SELECT is(v.tenant, NULL, '… no tenant when none was asked for') FROM session_auth.verify_session(:'a_token') v;
SELECT is(v.session_id, :'a_session_id', '… the session') FROM session_auth.verify_session(:'a_token') v;
SELECT is(v.expires_at, :'a_expires_at', '… its expiry') FROM session_auth.verify_session(:'a_token') v;
SELECT is(v.kind, 'opaque', '… the kind of its token') FROM session_auth.verify_session(:'a_token') v;
SELECT is(v.claims, public.registered(v.session_id), '… and the claims of a session') FROM session_auth.verify_session(:'a_token') v;
SELECT is(v.claims, public.registered(v.session_id) || '{"device": "phone"}', '… beside its metadata') FROM session_auth.verify_session(:'b_token') v;
BEGIN;
SELECT count(*) FROM session_auth.verify_session(:'a_token') \g /dev/null
SELECT is(session_auth.is_authenticated(), false, 'verify_session sets no identity');
COMMIT;
SELECT is_empty('SELECT * FROM session_auth.verify_session(''sat_' || repeat('A', 43) || ''')', 'an unknown token gives no row');
SELECT is_empty('SELECT * FROM session_auth.verify_session(NULL)', 'a NULL token gives no row');
SELECT is_empty('SELECT * FROM session_auth.verify_session('''')', 'an empty token gives no row');
SELECT is_empty('SELECT * FROM session_auth.verify_session(''garbage'')', 'garbage gives no row');
SELECT is_empty(format('SELECT * FROM session_auth.verify_session(%L)', :'a_token' || ' '), 'a token with a trailing space gives no row');
SELECT is_empty(format('SELECT * FROM session_auth.verify_session(%L)', upper(:'a_token')), 'letter case counts');
BEGIN READ ONLY;
SELECT is(v.user_id, 'alice', 'verify_session works in a read-only transaction') FROM session_auth.verify_session(:'a_token') v;
SELECT is(v.user_id, 'alice', 'authenticate works in a read-only transaction') FROM session_auth.authenticate(:'a_token') v;
COMMIT;

-- tokens of a framework
SELECT gen_random_uuid() AS uuid \gset
SELECT * FROM session_auth.create_session('alice', token => :'uuid') \gset f_
SELECT is(:'f_token'::text, :'uuid', 'a foreign token is kept as it is');
SELECT is(v.user_id, 'alice', 'a foreign token verifies') FROM session_auth.verify_session(:'uuid') v;
SELECT throws_ok(format('SELECT session_auth.create_session(''bob'', token => %L)', :'uuid'), NULL, NULL, 'a token cannot be registered twice');
SELECT throws_ok('SELECT session_auth.create_session(''alice'', token => ''short'')', '22023', 'invalid token', 'a token with less than 122 bits is refused');

-- expiry
SELECT * FROM session_auth.create_session('alice', '1 second') \gset short_
SELECT is(v.user_id, 'alice', 'a short session verifies at first') FROM session_auth.verify_session(:'short_token') v;
SELECT pg_sleep(1.2) \g /dev/null
SELECT is_empty(format('SELECT * FROM session_auth.verify_session(%L)', :'short_token'), 'an expired session gives no row');
SELECT throws_ok(format('SELECT session_auth.authenticate(%L)', :'short_token'), '28000', 'invalid or expired session token', 'authenticate refuses it');
SELECT throws_ok(format('SELECT session_auth.refresh_session(%L)', :'short_token'), '28000', 'invalid or expired session token', 'it cannot be refreshed back to life');

-- refresh_session
SELECT session_auth.refresh_session(:'b_token') AS refreshed \gset
SELECT cmp_ok(:'refreshed'::timestamptz, '>=', :'b_expires_at'::timestamptz, 'refresh_session slides the expiry');
SELECT is(v.expires_at, :'refreshed', 'the slid expiry is in force') FROM session_auth.verify_session(:'b_token') v;
SET session_auth.absolute_lifetime = '10min';
SELECT cmp_ok(session_auth.refresh_session(:'b_token'), '<=', now() + '10 minutes', 'refresh_session never passes the absolute limit');
RESET session_auth.absolute_lifetime;

-- idle_timeout
SELECT * FROM session_auth.create_session('idle') \gset i_
SET session_auth.idle_timeout = '1s';
SELECT pg_sleep(1.2) \g /dev/null
SELECT is_empty(format('SELECT * FROM session_auth.verify_session(%L)', :'i_token'), 'an idle session gives no row');
SELECT throws_ok(format('SELECT session_auth.authenticate(%L)', :'i_token'), '28000', 'invalid or expired session token', 'authenticate refuses an idle session');
RESET session_auth.idle_timeout;

-- list_sessions
SELECT is(count(*), 3::bigint, 'list_sessions has the user''s live sessions') FROM session_auth.list_sessions('alice');
SELECT is(count(*), 0::bigint, '… and no hash of a token') FROM session_auth.list_sessions('alice') l WHERE l::text LIKE '%' || encode(sha256(:'a_token'::bytea), 'hex') || '%';
SELECT is_empty('SELECT * FROM session_auth.list_sessions(''nobody'')', 'a user without sessions has an empty list');

-- ending sessions
SELECT is(session_auth.expire_session(:'f_session_id'::uuid), true, 'expire_session ends a session by its id');
SELECT is(session_auth.expire_session(:'f_session_id'::uuid), false, '… once');
SELECT is_empty(format('SELECT * FROM session_auth.verify_session(%L)', :'uuid'), 'its token no longer verifies');
SELECT is(session_auth.expire_session(:'b_token'::text), true, 'expire_session ends a session by its token');
SELECT is(session_auth.expire_session('sat_' || repeat('A', 43)), false, 'an unknown token ends nothing');
SELECT * FROM session_auth.create_session('erin') \gset e1_
SELECT * FROM session_auth.create_session('erin') \gset e2_
SELECT * FROM session_auth.create_session('erin') \gset e3_
SELECT is(session_auth.expire_user_sessions('erin', :'e1_session_id'), 2::bigint, 'expire_user_sessions can spare one session');
SELECT is(v.user_id, 'erin', 'the spared one is alive') FROM session_auth.verify_session(:'e1_token') v;
SELECT is(session_auth.expire_user_sessions('erin'), 1::bigint, 'expire_user_sessions ends the rest');
SELECT is_empty(format('SELECT * FROM session_auth.verify_session(%L)', :'e1_token'), 'no session of the user is left');

-- max_sessions_per_user
SET session_auth.max_sessions_per_user = 2;
SELECT * FROM session_auth.create_session('max') \gset m1_
SELECT * FROM session_auth.create_session('max') \gset m2_
SELECT * FROM session_auth.create_session('max') \gset m3_
RESET session_auth.max_sessions_per_user;
SELECT is_empty(format('SELECT * FROM session_auth.verify_session(%L)', :'m1_token'), 'past the limit the oldest session ends');
SELECT is((SELECT array_agg(session_id ORDER BY session_id) FROM session_auth.list_sessions('max')),
          (SELECT array_agg(id ORDER BY id) FROM unnest(ARRAY[:'m2_session_id', :'m3_session_id']::uuid[]) id), 'the newer ones live');

-- purge_sessions
SELECT count(*) AS before FROM session_auth.sessions \gset
SELECT is(session_auth.purge_sessions(1), 1::bigint, 'purge_sessions deletes a batch');
SELECT cmp_ok(session_auth.purge_sessions(), '>', 0::bigint, 'and what else has ended');
SELECT is(v.user_id, 'alice', 'purging spares the living') FROM session_auth.verify_session(:'a_token') v;

-- A column that comes later is written by one function in C; what another server sends is merged in SQL.
SELECT set_eq($$
  SELECT btrim(c, E' \n') FROM pg_proc, regexp_match(prosrc, 'SET \(([^)]*)\) =') m, unnest(string_to_array(m[1], ',')) c
  WHERE oid = 'session_auth.merge_session()'::regprocedure$$, $$
  SELECT attname::text FROM pg_attribute WHERE attrelid = 'session_auth.sessions'::regclass AND attnum > 0 AND NOT attisdropped
    AND attname NOT IN ('session_id', 'created_at')$$, 'all that may change of a session is merged with what another server knows');

SELECT * FROM finish();
