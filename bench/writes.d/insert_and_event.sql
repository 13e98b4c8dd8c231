\set user random(1, 1000000)
\set key random(1, 9000000000000000000)
WITH session AS (
  INSERT INTO bench.bare_sessions
    (session_id, token_key, created_at, expires_at, last_seen_at, lifetime, token_hash, user_id)
  VALUES (gen_random_uuid(), :key, now(), now() + '30 days', now(), '30 days',
          sha256('sat_Wb1m0qU3Rk9xXn5vPz7sYt2cLd8fGh4jAe6uToIiKrM'), 'user-' || :user)
  RETURNING session_id, user_id
)
INSERT INTO bench.bare_events (event, user_id, session_id)
SELECT 'session_created', user_id, session_id FROM session
RETURNING session_id;
