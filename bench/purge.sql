-- Part purge: sessions that have ended, all at one time or at any of ten days.

CREATE PROCEDURE bench.end_sessions(n integer, equal boolean) LANGUAGE sql AS $$
  INSERT INTO session_auth.sessions
    (session_id, token_key, created_at, expires_at, last_seen_at, lifetime, token_hash, user_id)
  SELECT gen_random_uuid(), bench.token_key(t), now() - interval '11 days',
         now() - interval '1 hour' - CASE WHEN equal THEN 0 ELSE random() END * interval '10 days',
         now() - interval '11 days', interval '1 day', sha256(t::bytea), 'user-' || i
  FROM generate_series(1, n) i, LATERAL bench.token(i) t
$$;
