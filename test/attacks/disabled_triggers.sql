-- Accident: pg_restore --disable-triggers turns ENABLE ALWAYS into ENABLE; ALTER TABLE
-- … DISABLE TRIGGER and replication roles silence what keeps the caches true.
-- Holds: check_policies reports each of them; triggers of ENABLE ALWAYS fire for a
-- replica too. Guards: sql/parts/schema.sql, watch_table(); policies.sql, check_policies().
SELECT plan(17);
\ir people.psql
SELECT is_empty($$SELECT * FROM session_auth.check_policies() WHERE object LIKE 'trigger%'$$, 'at first nothing is wrong');
SELECT is((SELECT string_agg(DISTINCT tgname::text || tgenabled::text, ' ' ORDER BY tgname::text || tgenabled::text) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = 'session_auth'::regnamespace AND NOT tgisinternal AND tgname LIKE 'cache%'), 'cache_changedA cache_deletedA cache_insertedA cache_replicatedR cache_truncatedA cache_updatedA', 'statement triggers always fire, row triggers for a replica');
CREATE FUNCTION public.after(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE found text;
BEGIN
  EXECUTE statement;
  SELECT count(*) || coalesce(min(severity), '') INTO found FROM session_auth.check_policies() WHERE object LIKE 'trigger%' OR object LIKE '%session_auth.%';
  RAISE EXCEPTION USING ERRCODE = 'ZZZZZ', MESSAGE = found;
EXCEPTION WHEN SQLSTATE 'ZZZZZ' THEN RETURN SQLERRM;
END $$;
SELECT is(after(format('ALTER TABLE session_auth.%I DISABLE TRIGGER ALL; ALTER TABLE session_auth.%1$I ENABLE TRIGGER ALL', t)), CASE WHEN t IN ('permissions', 'roles', 'role_parents') THEN '5error' ELSE '2error' END, 'what pg_restore --disable-triggers leaves, on ' || t)
  FROM unnest('{permissions,roles,role_parents,user_roles,keys,key_secrets,authjs_secrets,cookie_secrets}'::text[]) t;
SELECT is(after('ALTER TABLE session_auth.permissions DISABLE TRIGGER cache_inserted'), '1error', 'a trigger that is disabled');
SELECT is(after('ALTER TABLE session_auth.permissions ENABLE REPLICA TRIGGER cache_inserted'), '1error', 'one for replicas alone');
SELECT is(after(s), '1error', s) FROM unnest(ARRAY['ALTER TABLE session_auth.sessions DISABLE TRIGGER merge_replicated', 'ALTER TABLE session_auth.sessions ENABLE TRIGGER merge_replicated',
  'ALTER TABLE session_auth.rotated_tokens ENABLE ALWAYS TRIGGER merge_replicated']) s;
-- a replica's DML tells the caches
SELECT is(session_auth.has_permission('ADMIN', 'view', 'accounts'), true, 'before');
SET session_replication_role = replica;
DELETE FROM session_auth.permissions;
RESET session_replication_role;
SELECT is(session_auth.has_permission('ADMIN', 'view', 'accounts'), false, 'DELETE as a replica is seen');

SELECT * FROM finish();
