\set id random(1, 100000)
\set session 1000000000 + random(1, :sessions)
\startpipeline
BEGIN;
SELECT set_config('role', 'bench_web', true), set_config('request.jwt.claims', '{"sub": "user-' || :session || '", "role": "USER", "aud": "app", "exp": 4000000000}', true);
SELECT * FROM bench.web_accounts WHERE id = :id;
COMMIT;
\endpipeline
