\set user random(1, 1000)
BEGIN;
SELECT (session_auth.authenticate('sat_000000000000000000000000000000000' || (6000000000 + :user))).user_id;
SELECT session_auth.has_permission('view', 'document:' || :user);
COMMIT;
