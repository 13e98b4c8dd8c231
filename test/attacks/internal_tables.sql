-- Attack: read, write, lock, copy, truncate, comment on, inherit from, reference or put
-- triggers, rules, indexes and policies on the extension's tables; reach them through
-- internal functions, views of one's own, statistics, large objects or publications.
-- Holds: no request, issuer or admin role gets any of it; test/pgtap/rights.sql tries
-- the plain verbs. Guards: sql/parts/rights.sql (REVOKE ALL … FROM PUBLIC).
SELECT plan(13);
\ir people.psql
\ir outcome.psql
GRANT CREATE ON SCHEMA public TO sa_request, sa_issuer, sa_admin, sa_plain;
CREATE VIEW targets AS SELECT c.oid, c.oid::regclass::text AS name, c.relkind, (SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = c.oid AND attnum = 1) AS col
  FROM pg_class c WHERE relnamespace = 'session_auth'::regnamespace AND relkind IN ('r', 'S', 'v');
CREATE VIEW attempts AS SELECT t.name, format(s, t.name, t.col) AS statement FROM targets t, unnest(ARRAY[
  'MERGE INTO %1$s USING (VALUES (1)) v ON false WHEN MATCHED THEN DELETE', 'INSERT INTO %1$s DEFAULT VALUES ON CONFLICT DO NOTHING', 'COPY %1$s (%2$s) FROM STDIN', 'COPY %1$s TO STDOUT', 'TABLE %1$s',
  'SELECT 1 FROM %1$s', 'SELECT ctid FROM %1$s', 'SELECT count(*) FROM %1$s TABLESAMPLE SYSTEM (1)', 'LOCK TABLE %1$s IN ACCESS SHARE MODE',
  'ALTER TABLE %1$s OWNER TO CURRENT_USER', 'ALTER TABLE %1$s NO INHERIT accounts', 'COMMENT ON TABLE %1$s IS ''x''', 'CREATE INDEX ON %1$s (%2$s)', 'CREATE STATISTICS ON %2$s, %2$s FROM %1$s',
  'CREATE TRIGGER t BEFORE UPDATE ON %1$s FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()', 'CREATE TRIGGER t AFTER TRUNCATE ON %1$s EXECUTE FUNCTION tsvector_update_trigger()',
  'CREATE RULE "_RETURN" AS ON SELECT TO %1$s DO INSTEAD SELECT 1', 'CREATE TABLE public.inherits () INHERITS (%1$s)', 'CREATE TABLE public.refs (x text REFERENCES %1$s)', 'CREATE TABLE public.like_ AS TABLE %1$s',
  'GRANT ALL ON %1$s TO PUBLIC', 'REINDEX TABLE %1$s', 'CLUSTER %1$s', 'ALTER TABLE %1$s REPLICA IDENTITY FULL', 'CREATE PUBLICATION p FOR TABLE %1$s', 'DROP TABLE %1$s', 'ALTER TABLE %1$s SET UNLOGGED']) s WHERE t.relkind = 'r';
CREATE FUNCTION public.reached(r name) RETURNS SETOF text LANGUAGE sql AS $$ SELECT statement || ': ' || outcome(statement, r) FROM attempts WHERE outcome(statement, r) NOT IN ('42501', '42809', '42601', '42P17', '0A000', '42704') $$;
SELECT is_empty(format($$SELECT * FROM reached(%L) t WHERE NOT (%1$L = 'sa_admin' AND t ~ '^(TABLE|SELECT|LOCK|CREATE TABLE public.like_|GRANT).* session_auth.session_events')$$, r), r || ' reaches no table, but to read the events as an administrator') FROM unnest('{sa_request,sa_issuer,sa_admin,sa_plain}'::name[]) r;
SELECT cmp_ok(count(*), '>', 250::bigint, 'that were many attempts') FROM attempts;

-- a view or function of one's own has one's own rights
SET ROLE sa_request;
CREATE FUNCTION public.peeks() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM session_auth.sessions' SET check_function_bodies = off;
SELECT throws_ok('SELECT public.peeks()', '42501', NULL, 'a function of a request role''s') ;
RESET ROLE;
-- what the superuser calls of theirs runs as the superuser: PostgreSQL's own trap, not ours
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p WHERE pronamespace = 'session_auth'::regnamespace AND prosecdef AND p.prosrc ~* '\mexecute\M' AND p.proname NOT IN ('take_over_sessions', 'take_over_roles', 'adopted_users_truncated', 'column_protection')$$, 'SECURITY DEFINER functions build no statements but those of adoption, and of protect_columns for its caller');
SELECT is_empty(format($$SELECT p.oid::regprocedure FROM pg_proc p WHERE pronamespace = 'session_auth'::regnamespace AND has_function_privilege(%L, p.oid, 'EXECUTE') AND obj_description(p.oid) LIKE 'internal:%%' AND p.proname NOT IN ('mark_of_request', 'take_seal', 'asked_challenge')$$, r), r || ' calls nothing internal') FROM unnest('{sa_request,sa_issuer,sa_plain}'::name[]) r;
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p WHERE pronamespace = 'session_auth'::regnamespace AND p.prorettype IN ('trigger'::regtype, 'event_trigger'::regtype) AND (has_function_privilege('sa_request', p.oid, 'EXECUTE') OR has_function_privilege('sa_issuer', p.oid, 'EXECUTE') OR has_function_privilege('sa_admin', p.oid, 'EXECUTE') AND p.proname !~ '^adopted|^guard_columns$')$$, 'nobody puts our trigger functions on tables of his own; an administrator, who may adopt and hide columns, those of that');
SET ROLE sa_request;
CREATE TABLE public.mine (token text, "user" text, expires timestamptz);
SELECT throws_ok('CREATE TRIGGER session_auth_adopt_sessions AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION session_auth.adopted_session_changed(''token'', ''user'', ''expires'')', '42501', NULL, 'nor adopt a table by its trigger');
SELECT throws_ok('SELECT session_auth.adopt_sessions(''mine'', ''token'', ''user'', ''expires'')', '42501', NULL, '… or by the function');
RESET ROLE;

SELECT * FROM finish();
