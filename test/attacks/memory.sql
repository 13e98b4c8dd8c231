-- Attack: make a backend grow by what a request role may call: made-up roles, actions,
-- resources, tenants and users, ever new tokens that are refused, errors in a loop.
-- Holds: caches are bounded, what does not exist is not kept, refusals leave nothing.
-- test/t/memory.t has a million calls of each function. Guards: src/permission/permission_set.c,
-- some_role_exists() (no set for roles that do not exist); src/verify/proved_tokens.c (SLOTS), src/verify/role_cache.c
-- and src/catalog/recent_rows.c, which pgtap/caches.sql fills.
SELECT plan(6);
\ir tokens_for_attacks.psql
SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"]}') \g /dev/null
CREATE FUNCTION public.growth(expression text, times int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  before bigint;
  sum_of text := 'SELECT sum(total_bytes) FROM pg_backend_memory_contexts WHERE name LIKE ''session\_auth%'' OR name IN (''TopMemoryContext'', ''CacheMemoryContext'')';
  block text := format('DO $do$ BEGIN FOR i IN 1..%%s LOOP BEGIN PERFORM %s; EXCEPTION WHEN SQLSTATE ''28000'' THEN NULL; END; END LOOP; END $do$', expression);
  after bigint;
BEGIN
  EXECUTE format(block, 300);
  EXECUTE sum_of INTO before;
  EXECUTE format(block, times);
  EXECUTE sum_of INTO after;
  RETURN after - before;
END $$;
SELECT cmp_ok(growth(expression, times), '<', 1000000::bigint, what) FROM (VALUES
  ('session_auth.has_permission(''made up '' || i, ''view'', ''accounts'')', 20000, 'made-up roles'), ('session_auth.has_permission(''ADMIN'', ''act '' || i, ''thing '' || i)', 20000, 'made-up actions and resources'),
  ('session_auth.authenticate(''sat_'' || lpad(i::text, 43, ''A''))', 5000, 'tokens that are refused by an error'), ('session_auth.verify_session(jwt(jsonb_build_object(''sub'', ''user '' || i)), ''tenant '' || i)', 1500, 'tokens, users and tenants that are all new'),
  ('session_auth.verify_session(jwt() || ''A'')', 2000, 'forged signatures'), ('session_auth.permitted_resources(''made up '' || i, ''view'')', 5000, 'permitted_resources of made-up roles')) v (expression, times, what);

SELECT * FROM finish();
