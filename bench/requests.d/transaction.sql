\set id random(1, 100000)
BEGIN;
SELECT 1;
SELECT * FROM bench.open_accounts WHERE id = :id;
COMMIT;
