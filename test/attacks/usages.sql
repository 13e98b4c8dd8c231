-- Attack: with a usage, or a predefined role, reach what belongs to another: read who is
-- active, the statistics or the events, purge, impersonate, or ask in another's place
-- by the functions behind the views.
-- Holds: each usage has what it needs and no more; privileges on all views give nothing.
-- Guards: sql/parts/rights.sql (functions_of_usage, relations_of_usage); sql/parts/monitor.sql.
-- Also: test/pgtap/usages.sql.
SELECT plan(12);
\ir people.psql
CREATE ROLE sa_janitor; CREATE ROLE sa_watcher; CREATE ROLE sa_reviewer; CREATE ROLE sa_support; CREATE ROLE sa_reads_all;
SELECT session_auth.grant_usage('sa_janitor', 'maintenance'), session_auth.grant_usage('sa_watcher', 'monitor'), session_auth.grant_usage('sa_reviewer', 'auditor'), session_auth.grant_usage('sa_support', 'impersonator') \g /dev/null
GRANT pg_read_all_data, pg_monitor, pg_read_all_stats TO sa_reads_all;
\ir outcome.psql
CREATE VIEW attempts AS SELECT * FROM (VALUES
  ('who', 'SELECT session_auth.read_identities()'), ('who', 'TABLE session_auth.active_identities'),
  ('numbers', 'SELECT session_auth.read_statistics()'), ('numbers', 'TABLE session_auth.statistics'), ('counters', 'SELECT session_auth.counters()'), ('counters', 'SELECT session_auth.note_purge()'),
  ('purge', 'SELECT session_auth.purge_ended(1, ''-infinity'', ''(0,0)'')'), ('purge', 'SELECT session_auth.purge_old(1)'), ('delete', 'SELECT session_auth.delete_ended(''infinity'', 1000, ''-infinity'', ''(0,0)'')'),
  ('impersonate', 'SELECT session_auth.impersonate(''alice'')'), ('list', 'SELECT session_auth.list_usages()'), ('record', 'SELECT session_auth.record_event(''x'', NULL, NULL)'), ('record', 'INSERT INTO session_auth.session_events (event) VALUES (''x'')'),
  ('quiet', 'SET session_auth.record_events = none'), ('quiet', 'SET session_auth.log_denials = off'), ('quiet', 'SET session_auth.event_retention = 0'), ('quiet', 'SET session_auth.purge_delay = 0')) a (what, statement);
CREATE FUNCTION public.reaches(database_role name) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(string_agg(DISTINCT what, ' ' ORDER BY what), 'nothing') FROM attempts WHERE outcome(statement, database_role) = 'done' $$;
SELECT is(public.reaches('sa_request'), 'nothing', 'request reaches nothing of this');
SELECT is(public.reaches('sa_issuer'), 'nothing', 'nor does issuer');
SELECT is(public.reaches('sa_janitor'), 'purge', 'maintenance purges, what has ended');
SELECT is(public.reaches('sa_watcher'), 'list numbers who', 'monitor reads');
SELECT is(public.reaches('sa_reviewer'), 'nothing', 'auditor does nothing of this');
SELECT is(public.reaches('sa_support'), 'impersonate', 'impersonator impersonates');
SELECT is(public.reaches('sa_reads_all'), 'nothing', 'pg_read_all_data and pg_monitor read no view of session_auth');
SELECT is(public.outcome('CREATE TEMP VIEW v AS TABLE session_auth.active_identities; TABLE pg_temp.v', 'sa_reads_all'), '42501', '… nor by a view of one''s own');
SET ROLE sa_reads_all;
SELECT is((SELECT count(*) FROM session_auth.session_events), 0::bigint, '… and no event');
RESET ROLE;
SELECT cmp_ok((SELECT count(*) FROM session_auth.session_events), '>', 0::bigint, 'of which there are some');

-- a live session is no batch's
SET ROLE sa_janitor;
SELECT session_auth.purge_ended(1000, '-infinity', '(0,0)'), session_auth.purge_ended(1000, 'infinity', '(0,0)'), session_auth.purge_old(1000) \g /dev/null
RESET ROLE;
SELECT is((SELECT count(*) FROM session_auth.sessions), 2::bigint, 'maintenance ends no live session');
SELECT is((SELECT count(*) FROM session_auth.verify_session(:'alice')), 1::bigint, '… whose token goes on');

SELECT * FROM finish();
