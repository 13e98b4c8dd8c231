-- protect_table and check_policies: what the policies let through, by each verb,
-- that they are evaluated once per query, and what check_policies finds.
-- Also: test/attacks/verbs.sql, test/attacks/owners.sql, test/attacks/bare_calls.sql.
SELECT plan(83);
\ir explain.psql

SELECT session_auth.import_permissions('{
  "ADMIN": ["view:accounts", "create:accounts", "edit:accounts", "delete:accounts"],
  "VIEWER": ["view:accounts"],
  "EDITOR": ["view:accounts", "edit:accounts"],
  "MEMBER": ["*:notes", "*:tickets", "*:numbered", "*:ids", "*:events", "*:both"]
}') \g /dev/null
SELECT session_auth.grant_role(u, r) FROM (VALUES ('ada', 'ADMIN'), ('vic', 'VIEWER'), ('ed', 'EDITOR'), ('amy', 'MEMBER'), ('ben', 'MEMBER'), ('42', 'MEMBER'), ('5f0c8a4e-7d1b-4d0a-9a63-1f2f8f3f0001', 'MEMBER')) v(u, r) \g /dev/null
SELECT session_auth.grant_role('ada', 'MEMBER', 'acme') \g /dev/null
SELECT token AS ada FROM session_auth.create_session('ada') \gset
SELECT token AS vic FROM session_auth.create_session('vic') \gset
SELECT token AS ed FROM session_auth.create_session('ed') \gset
SELECT token AS amy FROM session_auth.create_session('amy') \gset
SELECT token AS ben FROM session_auth.create_session('ben') \gset
SELECT token AS no42 FROM session_auth.create_session('42') \gset
SELECT token AS uu FROM session_auth.create_session('5f0c8a4e-7d1b-4d0a-9a63-1f2f8f3f0001') \gset

-- an ordinary table
CREATE TABLE public.accounts (id int PRIMARY KEY, email text);
INSERT INTO accounts SELECT i, 'u' || i FROM generate_series(1, 5) i;
CREATE TABLE public.hits (id int);
ALTER TABLE accounts OWNER TO sa_owner;
GRANT ALL ON accounts, hits TO sa_request;
SELECT lives_ok('SELECT session_auth.protect_table(''accounts'')', 'protect_table, the resource being the table''s name');
SELECT is(relrowsecurity AND relforcerowsecurity, true, 'row-level security is enabled and forced') FROM pg_class WHERE oid = 'accounts'::regclass;
SELECT policies_are('public', 'accounts', '{session_auth_select,session_auth_insert,session_auth_update,session_auth_delete}', 'one policy for each verb');
SELECT array_agg(pol::text ORDER BY polname) AS before FROM (SELECT polname, polcmd, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) FROM pg_policy WHERE polrelid = 'accounts'::regclass) pol \gset
SELECT lives_ok('SELECT session_auth.protect_table(''public.accounts''::regclass, ''accounts'')', 'protect_table again');
SELECT is((SELECT array_agg(pol::text ORDER BY polname) FROM (SELECT polname, polcmd, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) FROM pg_policy WHERE polrelid = 'accounts'::regclass) pol), :'before'::text[], '… changes nothing');

SET ROLE sa_request;
SELECT is((SELECT count(*) FROM accounts), 0::bigint, 'nobody sees no row');
SELECT throws_ok('INSERT INTO accounts VALUES (6, ''x'')', '42501', 'new row violates row-level security policy for table "accounts"', 'nobody inserts');
BEGIN;
SELECT session_auth.authenticate(:'vic') \g /dev/null
SELECT is((SELECT count(*) FROM accounts), 5::bigint, 'VIEWER sees the rows');
SELECT throws_ok('INSERT INTO accounts VALUES (6, ''x'')', '42501', 'new row violates row-level security policy for table "accounts"', 'VIEWER does not insert');
SELECT throws_ok('INSERT INTO accounts VALUES (6, ''x'') RETURNING id', '42501', 'new row violates row-level security policy for table "accounts"', '… nor with RETURNING');
SELECT throws_ok('INSERT INTO accounts VALUES (1, ''x'') ON CONFLICT DO NOTHING', '42501', 'new row violates row-level security policy for table "accounts"', '… nor with ON CONFLICT DO NOTHING');
SELECT throws_ok('INSERT INTO accounts VALUES (1, ''x'') ON CONFLICT (id) DO UPDATE SET email = ''x''', '42501', 'new row violates row-level security policy for table "accounts"', '… nor with ON CONFLICT DO UPDATE');
SELECT throws_ok('MERGE INTO accounts a USING (VALUES (6)) v(id) ON a.id = v.id WHEN NOT MATCHED THEN INSERT VALUES (v.id, ''x'')', '42501', 'new row violates row-level security policy for table "accounts"', '… nor with MERGE');
WITH changed AS (UPDATE accounts SET email = 'x' RETURNING 1) SELECT is(count(*), 0::bigint, 'VIEWER updates no row') FROM changed;
WITH changed AS (DELETE FROM accounts RETURNING 1) SELECT is(count(*), 0::bigint, 'VIEWER deletes no row') FROM changed;
SELECT lives_ok('MERGE INTO accounts a USING (VALUES (1)) v(id) ON a.id = v.id WHEN MATCHED THEN DO NOTHING', 'a MERGE that does nothing is fine');
SELECT session_auth.authenticate(:'ed') \g /dev/null
WITH changed AS (UPDATE accounts SET email = 'edited' WHERE id = 1 RETURNING email) SELECT is(string_agg(email, ','), 'edited', 'EDITOR updates') FROM changed;
WITH changed AS (DELETE FROM accounts RETURNING 1) SELECT is(count(*), 0::bigint, 'EDITOR deletes no row') FROM changed;
SELECT throws_ok('INSERT INTO accounts VALUES (1, ''x'') ON CONFLICT (id) DO UPDATE SET email = ''x''', '42501', 'new row violates row-level security policy for table "accounts"', 'EDITOR does not upsert: it would need create too');
SELECT session_auth.authenticate(:'ada') \g /dev/null
SELECT lives_ok('INSERT INTO accounts VALUES (6, ''six'') RETURNING id', 'ADMIN inserts');
SELECT lives_ok('INSERT INTO accounts VALUES (6, ''x'') ON CONFLICT (id) DO UPDATE SET email = ''again''', 'ADMIN upserts');
SELECT lives_ok('MERGE INTO accounts a USING (VALUES (6), (7)) v(id) ON a.id = v.id WHEN MATCHED THEN UPDATE SET email = ''merged'' WHEN NOT MATCHED THEN INSERT VALUES (v.id, ''seven'')', 'ADMIN merges');
SELECT is((SELECT string_agg(email, ',' ORDER BY id) FROM accounts WHERE id > 5), 'merged,seven', '… both ways');
WITH changed AS (DELETE FROM accounts WHERE id > 5 RETURNING 1) SELECT is(count(*), 2::bigint, 'ADMIN deletes') FROM changed;
ROLLBACK;

-- COPY
BEGIN;
SELECT session_auth.authenticate(:'vic') \g /dev/null
\set ON_ERROR_STOP off
\copy accounts FROM /dev/null
\set copied :SQLSTATE
\set ON_ERROR_STOP on
ROLLBACK;
SELECT is(:'copied'::text, '0A000', 'PostgreSQL has no COPY FROM under row-level security');
\setenv OUT `mktemp`
\getenv out OUT
\o :out
COPY accounts TO STDOUT;
\o
\set lines `wc -l <"$OUT"; rm "$OUT"`
SELECT is(:'lines'::text, '0', 'COPY TO gives nobody no row');
RESET ROLE;

-- the table's owner, and views
SET ROLE sa_owner;
SELECT throws_ok('SELECT count(*) FROM accounts', '42501', 'permission denied for function has_permission', 'the owner is held to the policies too');
RESET ROLE;
CREATE VIEW public.invoker_view WITH (security_invoker) AS SELECT * FROM accounts;
GRANT SELECT ON invoker_view TO sa_request;
SET ROLE sa_request;
BEGIN;
SELECT is((SELECT count(*) FROM invoker_view), 0::bigint, 'a security_invoker view: nobody');
SELECT session_auth.authenticate(:'vic') \g /dev/null
SELECT is((SELECT count(*) FROM invoker_view), 5::bigint, 'a security_invoker view: VIEWER');
SELECT is((SELECT count(*) FROM accounts a JOIN accounts b USING (id) WHERE a.email LIKE 'u%'), 5::bigint, 'joins and filters');

-- once per query
SELECT matches(explain('SELECT * FROM accounts'), 'InitPlan', 'the permission is an InitPlan: once per query');
SELECT unalike(explain('SELECT * FROM accounts'), '%Filter: %has_permission(%', '… not a call for each row');
SELECT matches(explain('UPDATE accounts SET email = email'), 'InitPlan', '… in an UPDATE too');
COMMIT;
RESET ROLE;

-- owner columns: text, with its index
CREATE TABLE public.notes (id int, owner text, body text);
INSERT INTO notes SELECT i, 'user' || i % 1000, 'n' FROM generate_series(1, 20000) i;
INSERT INTO notes VALUES (-1, 'amy', 'a1'), (-2, 'amy', 'a2'), (-3, 'ben', 'b1'), (-4, NULL, 'nobody''s');
CREATE INDEX notes_owner ON notes (owner);
ANALYZE notes;
SELECT lives_ok('SELECT session_auth.protect_table(''notes'', owner_column => ''owner'')', 'protect_table with an owner column');
GRANT ALL ON notes TO sa_request;
SET ROLE sa_request;
BEGIN;
SELECT session_auth.authenticate(:'amy') \g /dev/null
SELECT is((SELECT string_agg(body, ',' ORDER BY body) FROM notes), 'a1,a2', 'rows of one''s own alone');
SELECT matches(explain('SELECT * FROM notes'), '(Index Scan|Bitmap Heap Scan|Bitmap Index Scan).*Index Cond:[^\n]*owner[^\n]*\$', 'the owner column''s index serves');
SELECT lives_ok('INSERT INTO notes VALUES (-5, ''amy'', ''a3'')', 'a row for oneself');
SELECT throws_ok('INSERT INTO notes VALUES (-6, ''ben'', ''x'')', '42501', 'new row violates row-level security policy for table "notes"', 'no row for somebody else');
SELECT throws_ok('INSERT INTO notes VALUES (-6, NULL, ''x'')', '42501', 'new row violates row-level security policy for table "notes"', 'no row for nobody');
SELECT throws_ok('UPDATE notes SET owner = ''ben''', '42501', 'new row violates row-level security policy for table "notes"', 'no row is given away');
WITH changed AS (UPDATE notes SET body = 'x' WHERE id = -3 RETURNING 1) SELECT is(count(*), 0::bigint, 'somebody else''s row is not updated') FROM changed;
WITH changed AS (DELETE FROM notes RETURNING 1) SELECT is(count(*), 3::bigint, 'DELETE takes one''s own alone') FROM changed;
ROLLBACK;
BEGIN;
SELECT session_auth.authenticate(:'vic') \g /dev/null
SELECT is((SELECT count(*) FROM notes), 0::bigint, 'without the permission: nothing');
COMMIT;
RESET ROLE;

-- owner columns: integer, uuid
CREATE TABLE public.numbered (id int PRIMARY KEY, owner int);
INSERT INTO numbered VALUES (1, 42), (2, 43), (3, 42), (4, NULL);
SELECT lives_ok('SELECT session_auth.protect_table(''numbered'', owner_column => ''owner'')', 'an owner column of type integer');
CREATE TABLE public.ids (id int PRIMARY KEY, owner uuid);
INSERT INTO ids VALUES (1, '5f0c8a4e-7d1b-4d0a-9a63-1f2f8f3f0001'), (2, gen_random_uuid());
SELECT lives_ok('SELECT session_auth.protect_table(''ids'', owner_column => ''owner'')', 'an owner column of type uuid');
GRANT ALL ON numbered, ids TO sa_request;
SET ROLE sa_request;
BEGIN;
SELECT session_auth.authenticate(:'no42') \g /dev/null
SELECT is((SELECT array_agg(id ORDER BY id) FROM numbered), '{1,3}'::int[], 'rows by integer');
SELECT throws_ok('INSERT INTO numbered VALUES (5, 43)', '42501', 'new row violates row-level security policy for table "numbered"', '… and no other');
SELECT session_auth.authenticate(:'uu') \g /dev/null
SELECT is((SELECT array_agg(id ORDER BY id) FROM ids), '{1}'::int[], 'rows by uuid');
COMMIT;
SELECT is((SELECT count(*) FROM numbered), 0::bigint, 'by integer: nobody, and no error');
SELECT is((SELECT count(*) FROM ids), 0::bigint, 'by uuid: nobody, and no error');
RESET ROLE;

-- tenant columns
CREATE TABLE public.tickets (id int, tenant text);
INSERT INTO tickets VALUES (1, 'acme'), (2, 'umbrella'), (3, NULL);
SELECT lives_ok('SELECT session_auth.protect_table(''tickets'', ''tickets'', tenant_column => ''tenant'')', 'protect_table with a tenant column');
CREATE TABLE public.both_ (id int, owner text, tenant text);
INSERT INTO both_ VALUES (1, 'ada', 'acme'), (2, 'ada', 'umbrella'), (3, 'amy', 'acme');
SELECT lives_ok('SELECT session_auth.protect_table(''both_'', ''both'', ''owner'', ''tenant'')', 'protect_table with both');
GRANT ALL ON tickets, both_ TO sa_request;
SET ROLE sa_request;
BEGIN;
SELECT session_auth.authenticate(:'ada', tenant => 'acme') \g /dev/null
SELECT is((SELECT array_agg(id ORDER BY id) FROM tickets), '{1}'::int[], 'rows of the tenant alone');
SELECT is((SELECT array_agg(id ORDER BY id) FROM both_), '{1}'::int[], 'owner and tenant both count');
SELECT throws_ok('INSERT INTO tickets VALUES (4, ''umbrella'')', '42501', 'new row violates row-level security policy for table "tickets"', 'no row for another tenant');
SELECT session_auth.authenticate(:'amy') \g /dev/null
SELECT is((SELECT count(*) FROM tickets), 0::bigint, 'without a tenant: no tenant''s rows');
COMMIT;
RESET ROLE;

-- partitioned tables
CREATE TABLE public.events (id int, owner text) PARTITION BY RANGE (id);
CREATE TABLE public.events_1 PARTITION OF events FOR VALUES FROM (0) TO (100);
CREATE TABLE public.events_2 PARTITION OF events FOR VALUES FROM (100) TO (200);
INSERT INTO events VALUES (1, 'amy'), (2, 'ben'), (101, 'amy');
SELECT lives_ok('SELECT session_auth.protect_table(''events'', owner_column => ''owner'')', 'a partitioned table');
GRANT ALL ON events, events_1, events_2 TO sa_request;
SET ROLE sa_request;
BEGIN;
SELECT session_auth.authenticate(:'amy') \g /dev/null
SELECT is((SELECT array_agg(id ORDER BY id) FROM events), '{1,101}'::int[], 'its rows are filtered');
SELECT throws_ok('INSERT INTO events VALUES (150, ''ben'')', '42501', 'new row violates row-level security policy for table "events"', 'its inserts are checked');
COMMIT;
SELECT is((SELECT count(*) FROM events_1), 0::bigint, 'a partition by its own name is no way around') ;
RESET ROLE;

-- unprotect_table
SELECT lives_ok('SELECT session_auth.unprotect_table(''tickets'')', 'unprotect_table');
SELECT policies_are('public', 'tickets', '{}', '… takes the policies away');
SELECT lives_ok('SELECT session_auth.unprotect_table(''tickets'')', '… can be repeated');
CREATE TABLE public.mixed (id int);
CREATE POLICY mine ON mixed USING (false);
SELECT session_auth.protect_table('mixed', 'tickets') \g /dev/null
SELECT session_auth.unprotect_table('mixed') \g /dev/null
SELECT policies_are('public', 'mixed', '{mine}', '… leaves policies of others alone');

-- what protect_table refuses
CREATE VIEW public.a_view AS SELECT 1 AS id;
SELECT throws_ok('SELECT session_auth.protect_table(''a_view'')', '22023', 'invalid target', 'a view is refused');
SELECT throws_ok('SELECT session_auth.protect_table(''mixed'', owner_column => ''no_such'')', '22023', NULL, 'a missing owner column is refused');
SELECT throws_ok('SELECT session_auth.protect_table(''mixed'', tenant_column => ''no_such'')', '22023', NULL, 'a missing tenant column is refused');
SELECT throws_ok('SELECT session_auth.protect_table(''no_such_table'')', '42P01', NULL, 'a missing table is refused');
SELECT policies_are('public', 'mixed', '{mine}', 'a refusal leaves nothing half done');

-- check_policies, of what the guard would not let happen
SET session_auth.guard_protection = off;
CREATE FUNCTION public.found(named text) RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM session_auth.check_policies() WHERE object LIKE '%' || named || '%' $$;
ALTER TABLE mixed OWNER TO sa_owner;
SELECT is(found('accounts'), 0::bigint, 'check_policies finds nothing wrong with a protected table of an owner that cannot log in') ;
CREATE TABLE public.off (id int);
SELECT session_auth.protect_table('off', 'accounts') \g /dev/null
ALTER TABLE off OWNER TO sa_owner;
SELECT is(found('off'), 0::bigint, 'before: nothing');
ALTER TABLE off DISABLE ROW LEVEL SECURITY;
SELECT cmp_ok(found('off'), '>', 0::bigint, 'policies whose row-level security is off');
ALTER TABLE off ENABLE ROW LEVEL SECURITY;
ALTER TABLE off NO FORCE ROW LEVEL SECURITY;
SELECT cmp_ok(found('off'), '>', 0::bigint, 'a table without FORCE');
CREATE TABLE public.bare (id int);
ALTER TABLE bare ENABLE ROW LEVEL SECURITY;
ALTER TABLE bare FORCE ROW LEVEL SECURITY;
ALTER TABLE bare OWNER TO sa_owner;
CREATE POLICY p ON bare USING (session_auth.has_permission('view', 'accounts'));
SELECT cmp_ok(found('bare'), '>', 0::bigint, 'a bare call, evaluated for each row');
ALTER POLICY p ON bare USING ((SELECT session_auth.has_permission('view', 'accounts')));
SELECT is(found('bare'), 0::bigint, '… not once it is wrapped');
ALTER POLICY p ON bare USING ((SELECT session_auth.has_permission('ADMIN', 'view', 'accounts')));
SELECT cmp_ok(found('bare'), '>', 0::bigint, 'a constant role');
ALTER POLICY p ON bare USING ((SELECT session_auth.has_permission(session_auth.role(), 'view', 'accounts')));
SELECT is(found('bare'), 0::bigint, '… not the current one');
CREATE VIEW public.leaky_view AS SELECT * FROM accounts;
SELECT cmp_ok(found('leaky_view'), '>', 0::bigint, 'a view without security_invoker');
SELECT is(found('invoker_view'), 0::bigint, '… not one with it');
CREATE ROLE sa_login LOGIN;
ALTER TABLE bare OWNER TO sa_login;
SELECT ok(EXISTS (SELECT FROM session_auth.check_policies() c WHERE c::text LIKE '%sa_login%'), 'an owner that logs in');
ALTER TABLE bare OWNER TO sa_owner;
ALTER ROLE sa_login BYPASSRLS;
GRANT SELECT ON accounts TO sa_login;
SELECT ok(EXISTS (SELECT FROM session_auth.check_policies() c WHERE c::text LIKE '%sa_login%'), 'a role with BYPASSRLS that logs in');
DROP OWNED BY sa_login;
DROP ROLE sa_login;
SELECT is_empty($$SELECT * FROM session_auth.check_policies() c WHERE c::text LIKE '%session_auth.permissions%'$$, 'triggers in order: nothing');
ALTER TABLE session_auth.permissions ENABLE TRIGGER ALL;
SELECT isnt_empty($$SELECT * FROM session_auth.check_policies() c WHERE c::text LIKE '%permissions%'$$, 'triggers that lost ENABLE ALWAYS');

SELECT * FROM finish();
