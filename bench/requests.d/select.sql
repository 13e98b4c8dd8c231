\set id random(1, 100000)
SELECT * FROM bench.open_accounts WHERE id = :id;
