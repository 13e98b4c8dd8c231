\set session 1000000000 + random(1, :sessions)
SELECT (session_auth.authenticate('sat_000000000000000000000000000000000' || :session)).user_id;
