-- Accident: a migration tool compares the database with its schema file and takes away
-- what that file lacks: policies, row-level security, FORCE, and the foreign keys,
-- indexes, triggers and functions of the extension itself (drizzle-kit push, MikroORM).
-- Holds: each such statement is refused, and what would show secrets to who reads every
-- table; upkeep of the extension's tables goes on, and DROP EXTENSION works. Guards:
-- sql/parts/guard.sql, ddl_ended(), ddl_dropped(), is_own_relation() and check_protection();
-- src/sql/sql_guard.c.
SELECT plan(67);
\ir people.psql
CREATE FUNCTION public.attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  SET CONSTRAINTS ALL IMMEDIATE;
  SET CONSTRAINTS ALL DEFERRED;
  RETURN 'done';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
CREATE TABLE before AS
  SELECT 'pg_trigger' AS kind, tgname::text || tgrelid::regclass AS name FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT 'pg_constraint', conname || conrelid::regclass FROM pg_constraint WHERE connamespace = 'session_auth'::regnamespace
  UNION ALL SELECT 'pg_class', oid::regclass::text FROM pg_class WHERE relnamespace = 'session_auth'::regnamespace
  UNION ALL SELECT 'pg_proc', oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'session_auth'::regnamespace;

-- what drizzle-kit push and MikroORM's schema.update() send, as a superuser
SELECT is(attempt(s), '42501', s) FROM unnest(ARRAY[
  'DROP POLICY "session_auth_select" ON "accounts" CASCADE', 'DROP POLICY "session_auth_insert" ON "accounts" CASCADE',
  'DROP POLICY "session_auth_update" ON "accounts" CASCADE', 'DROP POLICY "session_auth_delete" ON "accounts" CASCADE',
  'ALTER TABLE "accounts" DISABLE ROW LEVEL SECURITY', 'ALTER TABLE "public"."accounts" NO FORCE ROW LEVEL SECURITY',
  'drop policy if exists "session_auth_select" on "public"."accounts"', 'alter policy "session_auth_select" on "accounts" to public using (true)']) s;
-- the extension's own
SELECT is(attempt(s), '42501', s) FROM unnest(ARRAY[
  'alter table "session_auth"."role_parents" drop constraint "role_parents_role_fkey"',
  'alter table "session_auth"."role_parents" drop constraint "role_parents_parent_fkey"',
  'alter table "session_auth"."permissions" drop constraint "permissions_role_fkey"',
  'alter table "session_auth"."user_roles" drop constraint "user_roles_role_fkey"',
  'alter table "session_auth"."sessions" drop constraint "sessions_token_hash_check"',
  'alter table "session_auth"."sessions" drop column "metadata"', 'alter table "session_auth"."sessions" add column "note" text',
  'alter table "session_auth"."rotated_tokens" alter column "session_id" type text', 'alter table "session_auth"."sessions" alter column "metadata" drop default',
  'alter table "session_auth"."roles" rename to "role"', 'alter table "session_auth"."roles" rename column "role" to "name"',
  'alter table "session_auth"."sessions" enable row level security', 'alter table "session_auth"."permissions" set unlogged',
  'drop index "session_auth"."sessions_user_id_idx"', 'create index on "session_auth"."sessions" ("ended_by")',
  'alter index "session_auth"."sessions_user_id_idx" rename to "sessions_user_idx"',
  'drop trigger "cache_changed" on "session_auth"."user_roles"',
  'create trigger mine after insert on session_auth.roles execute function session_auth.permissions_changed()',
  'create policy mine on session_auth.sessions using (true)', 'create rule mine as on insert to session_auth.sessions do instead nothing',
  'create or replace function session_auth.user_id() returns text language sql as $f$ select $x$alice$x$ $f$',
  'alter function session_auth.user_id() immutable', 'alter function session_auth.user_id() rename to me',
  'alter sequence session_auth.user_roles_grant_id_seq restart', 'alter schema session_auth rename to auth',
  'alter table session_auth.sessions disable row level security', 'alter table session_auth.session_events disable row level security',
  -- samples of what is hidden
  'alter table session_auth.sessions alter token_hash set statistics 100', 'alter table session_auth.cookie_secrets alter column secret set statistics -1',
  'create statistics session_auth.sample on user_id, ended_by from session_auth.sessions', 'create statistics public.sample on user_id, ended_by from session_auth.sessions',
  'alter table session_auth.cookie_secrets alter secret set storage external',
  -- what identities come by from other servers
  'drop trigger identity_carried on session_auth_nodes.carried_identity', 'alter trigger identity_carried on session_auth_nodes.carried_identity rename to mine',
  'create trigger mine instead of insert on session_auth_nodes.carried_identity for each row execute function session_auth.identity_carried()',
  'create or replace trigger identity_carried instead of update on session_auth_nodes.carried_identity for each row execute function suppress_redundant_updates_trigger()',
  'create rule mine as on update to session_auth_nodes.carried_identity do instead nothing',
  'create or replace view session_auth_nodes.carried_identity as select null::text as seal, null::boolean as accepted, null::text as challenge',
  'alter view session_auth_nodes.carried_identity rename to mine', 'alter view session_auth_nodes.carried_identity set schema public',
  'alter view session_auth_nodes.carried_identity alter seal set default ''x''',
  'alter schema session_auth_nodes rename to nodes']) s;
SELECT matches(attempt(s), '2BP01|42501', s) FROM unnest(ARRAY['drop table "session_auth"."sessions" cascade', 'drop schema "session_auth" cascade',
  'drop view session_auth_nodes.carried_identity', 'drop schema session_auth_nodes cascade', 'drop function session_auth.identity_carried() cascade']) s;
SELECT is_empty($$SELECT * FROM before EXCEPT (
  SELECT 'pg_trigger' AS kind, tgname::text || tgrelid::regclass AS name FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT 'pg_constraint', conname || conrelid::regclass FROM pg_constraint WHERE connamespace = 'session_auth'::regnamespace
  UNION ALL SELECT 'pg_class', oid::regclass::text FROM pg_class WHERE relnamespace = 'session_auth'::regnamespace
  UNION ALL SELECT 'pg_proc', oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'session_auth'::regnamespace)$$, 'nothing of the extension is gone');

-- upkeep
SELECT is(attempt(s), 'done', s) FROM unnest(ARRAY[
  'ALTER TABLE session_auth.sessions SET (autovacuum_vacuum_scale_factor = 0.1)', 'ALTER TABLE session_auth.sessions RESET (autovacuum_vacuum_scale_factor)',
  'ALTER TABLE session_auth.sessions REPLICA IDENTITY FULL', 'ALTER TABLE session_auth.sessions CLUSTER ON sessions_pkey',
  'ALTER TABLE session_auth.sessions SET TABLESPACE pg_default; ALTER INDEX session_auth.sessions_pkey SET TABLESPACE pg_default',
  'REINDEX TABLE session_auth.sessions; GRANT SELECT ON session_auth.roles TO sa_plain; REVOKE SELECT ON session_auth.roles FROM sa_plain',
  'CREATE DOMAIN positive AS int CONSTRAINT is_positive CHECK (VALUE > 0); ALTER DOMAIN positive DROP CONSTRAINT is_positive; DROP DOMAIN positive',
  'CREATE VIEW session_auth_nodes.mine AS SELECT 1 AS one; CREATE RULE mine AS ON INSERT TO session_auth_nodes.mine DO INSTEAD NOTHING; DROP RULE mine ON session_auth_nodes.mine; DROP VIEW session_auth_nodes.mine',
  'CREATE TABLE of_role (role text COLLATE "C" REFERENCES session_auth.roles); DROP TABLE of_role']) s;

-- the way out
SET session_auth.guard_protection = off;
SELECT is(attempt('CREATE INDEX mine ON session_auth.sessions (ended_by); DROP INDEX session_auth.mine'), 'done', 'with the guard off it is the superuser''s to break');
RESET session_auth.guard_protection;
DROP EXTENSION session_auth CASCADE;
SELECT is(count(*), 0::bigint, 'DROP EXTENSION is not held up') FROM pg_extension WHERE extname = 'session_auth';

SELECT * FROM finish();
