\set id random(1, 100000)
\set session 1000000000 + random(1, :sessions)
BEGIN;
SELECT (session_auth.authenticate('sat_000000000000000000000000000000000' || :session)).user_id;
SELECT * FROM bench.accounts WHERE id = :id;
COMMIT;
