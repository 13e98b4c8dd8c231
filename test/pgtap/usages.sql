-- What each usage lets a database role do, what it does not, who holds which, and what
-- taking one back leaves. Also: test/pgtap/rights.sql, test/attacks/usages.sql.
SELECT plan(45);

CREATE ROLE sa_impersonator; CREATE ROLE sa_maintenance; CREATE ROLE sa_monitor; CREATE ROLE sa_auditor;
SELECT session_auth.grant_usage(('sa_' || u)::regrole, u) FROM unnest('{impersonator,maintenance,monitor,auditor}'::text[]) u \g /dev/null
SELECT session_auth.create_session('alice') \g /dev/null

\ir outcome.psql
CREATE FUNCTION public.may(database_role text) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(string_agg(name, ' ' ORDER BY place, name), 'nothing') FROM (VALUES
    (1, 'impersonate', 'SELECT session_auth.impersonate(''bob''), session_auth.deauthenticate()'),
    (2, 'ask', 'SELECT session_auth.has_permission(''view'', ''accounts'')'),
    (3, 'create', 'SELECT session_auth.create_session(''bob'')'),
    (4, 'purge', 'SELECT session_auth.purge_sessions()'),
    (5, 'statistics', 'TABLE session_auth.statistics'),
    (6, 'identities', 'TABLE session_auth.active_identities'),
    (7, 'events', 'TABLE session_auth.session_events'),
    (8, 'usages', 'SELECT session_auth.list_usages()'),
    (8, 'adoptions', 'SELECT session_auth.list_adoptions()'),
    (8, 'protected', 'SELECT session_auth.list_protected()'),
    (8, 'secrets', 'SELECT session_auth.list_secrets()'),
    (9, 'grant', 'SELECT session_auth.create_role(''R''), session_auth.drop_role(''R'')'),
    (10, 'authenticate', 'SELECT session_auth.sign_out()'),
    (11, 'sessions', 'TABLE session_auth.sessions'),
    (12, 'give', 'SELECT session_auth.grant_usage(''sa_plain'', ''monitor'')')) t (place, name, statement)
  WHERE public.outcome(statement, database_role) IN ('done', '28000');
$$;
SELECT is(public.may('sa_request'), 'ask authenticate', 'request');
SELECT is(public.may('sa_issuer'), 'ask create purge', 'issuer');
SELECT is(public.may('sa_impersonator'), 'impersonate ask', 'impersonator');
SELECT is(public.may('sa_maintenance'), 'purge', 'maintenance');
SELECT is(public.may('sa_monitor'), 'statistics identities adoptions protected secrets usages', 'monitor');
SELECT is(public.may('sa_auditor'), 'events', 'auditor');
SELECT is(public.may('sa_admin'), 'impersonate ask purge statistics identities events adoptions protected secrets usages grant authenticate', 'admin: all but issuer');
SELECT is(public.may('sa_plain'), 'nothing', 'without a usage nothing');
SELECT cmp_ok((SELECT count(*) FROM session_auth.session_events), '>', 0::bigint, 'there are events');
SET ROLE sa_auditor;
SELECT cmp_ok((SELECT count(*) FROM session_auth.session_events), '>', 0::bigint, '… which an auditor sees, row by row');
RESET ROLE;

-- each can be told from the others
SELECT is_empty($$SELECT u, v FROM unnest(session_auth.usages()) u, unnest(session_auth.usages()) v
  WHERE u <> v AND NOT EXISTS (SELECT session_auth.functions_of_usage(u) EXCEPT SELECT session_auth.functions_of_usage(v))$$, 'each usage has a function that another has not');
SELECT is_empty($$SELECT f FROM unnest('{request,impersonator,maintenance,monitor,auditor}'::text[]) u, session_auth.functions_of_usage(u) f
  WHERE f::text NOT LIKE '%mark_of_%' EXCEPT SELECT session_auth.functions_of_usage('admin')$$, 'admin has what the others have, but for issuer');
SELECT is(public.outcome(format('CALL session_auth.purge()'), 'sa_maintenance'), '25001', 'maintenance may call purge');
SELECT is(public.outcome(format('CALL session_auth.purge()'), 'sa_issuer'), '42501', 'issuer may not');
SET ROLE sa_maintenance;
\set VERBOSITY sqlstate
CALL session_auth.purge();
\set called :ERROR
RESET ROLE;
SELECT is(:'called'::text, 'false', '… and where it may commit it does');

-- the list
SELECT results_eq($$SELECT database_role::text, usage FROM session_auth.list_usages() WHERE database_role::text LIKE 'sa\_%'$$,
  $$VALUES ('sa_admin', 'admin'), ('sa_auditor', 'auditor'), ('sa_impersonator', 'impersonator'), ('sa_issuer', 'issuer'), ('sa_maintenance', 'maintenance'), ('sa_monitor', 'monitor'), ('sa_request', 'request')$$, 'list_usages');
SELECT session_auth.grant_usage('sa_admin', 'auditor'), session_auth.grant_usage('sa_admin', 'request') \g /dev/null
SELECT results_eq($$SELECT usage FROM session_auth.list_usages() WHERE database_role = 'sa_admin'::regrole$$, $$VALUES ('request'), ('admin'), ('auditor')$$, 'what was given beside admin is told from it');
SELECT session_auth.revoke_usage('sa_admin', 'admin') \g /dev/null
SELECT is(public.may('sa_admin'), 'ask events authenticate', '… and stays when admin goes');
SELECT session_auth.revoke_usage('sa_admin', 'auditor'), session_auth.revoke_usage('sa_admin', 'request') \g /dev/null
SELECT is(public.may('sa_admin'), 'nothing', '… until it goes too');
-- as a dump of 0.1.0 has it
GRANT USAGE ON SCHEMA session_auth TO sa_plain; GRANT EXECUTE ON FUNCTION session_auth.authenticate(text, text, text, text) TO sa_plain;
SELECT results_eq($$SELECT usage FROM session_auth.list_usages() WHERE database_role = 'sa_plain'::regrole$$, $$VALUES ('request')$$, 'who may authenticate and is no admin holds request');
SELECT session_auth.revoke_usage('sa_plain', 'request') \g /dev/null
SELECT is(public.may('sa_plain'), 'nothing', '… and can lose it');

-- given and taken back, each leaves nothing
CREATE FUNCTION public.left_behind(database_role regrole) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT p.oid::regprocedure::text FROM pg_proc p, aclexplode(p.proacl) a WHERE p.pronamespace = 'session_auth'::regnamespace AND a.grantee = database_role
  UNION ALL SELECT c.oid::regclass::text FROM pg_class c, aclexplode(c.relacl) a WHERE c.relnamespace = 'session_auth'::regnamespace AND a.grantee = database_role
  UNION ALL SELECT 'schema' FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.nspname = 'session_auth' AND a.grantee = database_role
$$;
SELECT lives_ok(format($$SELECT session_auth.grant_usage('sa_plain', %L)$$, u), u || ' is given') FROM unnest(session_auth.usages()) u;
SELECT lives_ok(format($$SELECT session_auth.revoke_usage('sa_plain', %L)$$, u), u || ' is taken back') FROM unnest(session_auth.usages()) WITH ORDINALITY u (u, place) ORDER BY place DESC;
SELECT is_empty($$SELECT public.left_behind('sa_plain')$$, 'which leaves nothing');
SELECT session_auth.grant_usage('sa_admin', 'admin'), session_auth.grant_usage('sa_admin', 'issuer') \g /dev/null
SELECT session_auth.revoke_usage('sa_admin', 'admin') \g /dev/null
SELECT is(public.may('sa_admin'), 'ask create purge', 'issuer stays when admin goes');
SELECT session_auth.revoke_usage('sa_admin', 'issuer') \g /dev/null
SELECT is_empty($$SELECT public.left_behind('sa_admin')$$, '… and goes');

-- nobody gets there by privileges of PostgreSQL's
CREATE ROLE sa_reader; GRANT pg_read_all_data, pg_monitor TO sa_reader;
SELECT is(public.outcome('TABLE session_auth.statistics', 'sa_reader'), '42501', 'pg_read_all_data: not the statistics');
SELECT is(public.outcome('TABLE session_auth.active_identities', 'sa_reader'), '42501', '… nor who is active');
SELECT is(public.outcome('SELECT session_auth.read_identities()', 'sa_reader'), '42501', '… nor by the function');
SET ROLE sa_reader;
SELECT is((SELECT count(*) FROM session_auth.session_events), 0::bigint, '… and no event');
RESET ROLE;
SELECT throws_ok($$SELECT session_auth.grant_usage('sa_plain', 'god')$$, '22023', 'invalid usage', 'there are no others');
SELECT throws_ok($$SELECT session_auth.grant_usage('sa_plain', NULL)$$, '22023', 'invalid usage', '… and NULL is none');
SELECT is((SELECT count(*) FROM session_auth.list_usages() WHERE usage NOT IN (SELECT unnest(session_auth.usages()))), 0::bigint, 'the list names no others');

SELECT * FROM finish();
