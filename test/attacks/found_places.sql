-- Attack: a token whose digest agrees with another's where a backend remembers the place
-- of a session: to be taken for that one, before and after it ends, or in its stead.
-- Holds: what is remembered is a place; the whole digest is compared in the row. Guards:
-- src/catalog_sessions.c, catalog_find_session(). pgtap/caches.sql has many sessions.
SELECT plan(12);

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

SELECT * FROM finish();
