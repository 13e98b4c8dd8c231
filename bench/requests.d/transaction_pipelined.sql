\set id random(1, 100000)
\set session 1000000000 + random(1, :sessions)
\startpipeline
BEGIN;
SELECT 1;
SELECT * FROM bench.open_accounts WHERE id = :id;
COMMIT;
\endpipeline
