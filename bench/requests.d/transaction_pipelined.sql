\set id random(1, 100000)
\startpipeline
BEGIN;
SELECT 1;
SELECT * FROM bench.open_accounts WHERE id = :id;
COMMIT;
\endpipeline
