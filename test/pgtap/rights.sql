-- Rights: nothing is PUBLIC, each usage has what it needs and no more, internal
-- tables belong to their owner alone. An audit of the catalogues first, so that
-- a function or table that comes later is held to the same.
-- Also: test/attacks/internal_tables.sql.
SELECT plan(62);

CREATE VIEW public.members AS
  SELECT classid, objid
  FROM pg_depend
  WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
    AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'session_auth');
CREATE VIEW public.functions AS
  SELECT p.* , p.oid::regprocedure::text AS signature FROM pg_proc p JOIN members m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid;
CREATE VIEW public.relations AS
  SELECT c.*, c.oid::regclass::text AS name FROM pg_class c JOIN members m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid;

-- nothing is PUBLIC
SELECT ok(count(*) > 40, 'the audit sees the functions') FROM functions;
SELECT ok(count(*) >= 6, 'the audit sees the tables') FROM relations WHERE relkind = 'r';
SELECT is_empty($$SELECT signature FROM functions, aclexplode(coalesce(proacl, acldefault('f', proowner))) a WHERE a.grantee = 0$$, 'no function is PUBLIC');
SELECT is_empty($$SELECT name FROM relations, aclexplode(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END, relowner))) a WHERE a.grantee = 0$$, 'no table, view or sequence is PUBLIC');
SELECT is_empty($$SELECT name, attname FROM relations c JOIN pg_attribute t ON t.attrelid = c.oid WHERE t.attacl IS NOT NULL$$, 'no column has grants of its own');
SELECT is_empty($$SELECT t.oid::regtype FROM pg_type t JOIN members m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid,
  aclexplode(coalesce(typacl, acldefault('T', typowner))) a
  WHERE a.grantee = 0 AND t.typrelid = 0 AND t.typelem = 0$$, 'no type is PUBLIC');
SELECT is_empty($$SELECT FROM pg_namespace n, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) a WHERE nspname = 'session_auth' AND a.grantee = 0$$, 'the schema is not PUBLIC');
SELECT is_empty($$SELECT FROM pg_default_acl WHERE defaclnamespace = 'session_auth'::regnamespace$$, 'the schema has no default privileges');

-- what functions promise
SELECT is_empty($$SELECT signature FROM functions WHERE proleakproof$$, 'nothing is LEAKPROOF');
SELECT is_empty($$SELECT signature FROM functions WHERE provolatile = 'i'$$, 'nothing is IMMUTABLE');
SELECT is_empty($$SELECT signature FROM functions WHERE prosecdef AND NOT coalesce(proconfig::text ~ 'search_path', false) AND prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c')$$, 'every SECURITY DEFINER function pins its search_path');
SELECT is_empty($$SELECT signature FROM functions f JOIN pg_language l ON l.oid = prolang WHERE lanname IN ('sql', 'plpgsql') AND prosqlbody IS NULL AND NOT coalesce(proconfig::text ~ 'search_path', false)$$, 'so does every other function that names objects');
SELECT set_eq($$SELECT proname::text FROM functions WHERE proname IN ('authenticate', 'deauthenticate', 'impersonate') AND provolatile = 'v' AND proparallel = 'u'$$,
  '{authenticate,deauthenticate,impersonate}'::text[], 'what changes the identity is VOLATILE and PARALLEL UNSAFE');
SELECT set_eq($$SELECT proname::text FROM functions WHERE proname IN ('has_permission', 'has_role', 'user_id', 'user_uuid', 'role', 'roles', 'tenant', 'session_id', 'claims', 'claim', 'is_authenticated') AND provolatile = 's' AND proparallel = 's'$$,
  '{has_permission,has_role,user_id,user_uuid,role,roles,tenant,session_id,claims,claim,is_authenticated}'::text[], 'what reads it is STABLE and PARALLEL SAFE');
SELECT is_empty($$SELECT signature FROM functions WHERE proname = 'has_permission' AND NOT (proisstrict AND provolatile = 's' AND proparallel = 's')$$, 'has_permission is STRICT in both forms');

-- comments
SELECT is_empty($$SELECT signature FROM functions WHERE obj_description(oid, 'pg_proc') IS NULL$$, 'every function has a comment');
SELECT is_empty($$SELECT name FROM relations WHERE relkind IN ('r', 'p', 'v') AND obj_description(oid, 'pg_class') IS NULL$$, 'every table has a comment');
SELECT isnt(obj_description('session_auth'::regnamespace, 'pg_namespace'), NULL, 'so has the schema');

-- dumps
SELECT bag_has($$SELECT unnest(extconfig)::regclass::text FROM pg_extension WHERE extname = 'session_auth'$$,
  $$SELECT unnest('{session_auth.roles,session_auth.role_parents,session_auth.permissions,session_auth.user_roles}'::text[])$$, 'roles, permissions and grants of roles are in dumps');
SELECT is_empty($$SELECT unnest(extconfig)::regclass::text FROM pg_extension WHERE extname = 'session_auth' INTERSECT
  SELECT unnest('{session_auth.sessions,session_auth.session_events}'::text[])$$, 'sessions and events are not');

-- internal tables: each verb, by each role
\ir outcome.psql
CREATE VIEW public.verbs AS
  SELECT name, format(statement, name, (SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = relations.oid AND attnum = 1)) AS statement
  FROM relations, unnest(ARRAY[
    'SELECT * FROM %1$s', 'SELECT count(*) FROM %1$s', 'SELECT %2$s FROM %1$s', 'TABLE %1$s FOR UPDATE',
    'INSERT INTO %1$s DEFAULT VALUES', 'UPDATE %1$s SET %2$s = DEFAULT', 'DELETE FROM %1$s', 'TRUNCATE %1$s CASCADE',
    'COPY %1$s TO ''/dev/null''', 'COPY (SELECT * FROM %1$s) TO ''/dev/null''', 'LOCK TABLE %1$s',
    'CREATE TRIGGER t BEFORE INSERT ON %1$s FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
    'CREATE POLICY p ON %1$s', 'ALTER TABLE %1$s DISABLE TRIGGER ALL',
    'CREATE RULE r AS ON INSERT TO %1$s DO INSTEAD NOTHING', 'DROP TABLE %1$s CASCADE', 'ALTER TABLE %1$s DISABLE ROW LEVEL SECURITY'
  ]) AS statement WHERE relkind = 'r';
SELECT is_empty(format($$SELECT name, statement, outcome(statement, %L) FROM verbs WHERE outcome(statement, %1$L) <> '42501' AND NOT (%1$L = 'sa_admin' AND name = 'session_auth.session_events' AND statement ~ '^SELECT')$$, r), r || ' has no access to any table by any verb, but an administrator reads events')
  FROM unnest('{sa_request,sa_issuer,sa_admin,sa_plain}'::text[]) r;
SELECT is_empty(format($$SELECT name FROM relations WHERE relkind IN ('r', 'v') AND NOT (%1$L = 'sa_admin' AND oid IN (SELECT session_auth.relations_of_usage('admin'))) AND NOT (%1$L = 'sa_request' AND name = 'session_auth_nodes.carried_identity') AND (has_table_privilege(%1$L, oid, 'SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER') OR has_any_column_privilege(%1$L, oid, 'SELECT,INSERT,UPDATE,REFERENCES'))$$, r), r || ' holds no privilege on any table, but an administrator on what is to be read, and requests where other servers write identities')
  FROM unnest('{sa_request,sa_issuer,sa_admin,sa_plain}'::text[]) r;
SELECT is_empty($$SELECT name FROM relations WHERE CASE relkind WHEN 'S' THEN has_sequence_privilege('sa_request', oid, 'USAGE,SELECT,UPDATE') END$$, 'sequences are out of reach');

-- the usages
CREATE FUNCTION public.holds(database_role text, names text[]) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT DISTINCT proname::text FROM public.functions WHERE proname = ANY (names) AND has_function_privilege(database_role, oid, 'EXECUTE') AND has_schema_privilege(database_role, 'session_auth', 'USAGE')
$$;
\set for_requests '{authenticate,deauthenticate,has_permission,has_role,require_permission,user_id,user_uuid,role,roles,tenant,session_id,claims,claim,is_authenticated,sign_out,my_sessions}'
\set for_issuers '{create_session,refresh_session,rotate_session,expire_session,expire_user_sessions}'
\set for_admins '{create_role,drop_role,inherit_role,disinherit_role,grant_permission,deny_permission,revoke_permission,import_permissions,export_permissions,list_permissions,grant_role,revoke_role,impersonate,explain_permission}'
\set for_owners '{grant_usage,revoke_usage,protect_table,unprotect_table}'
SELECT set_eq(format('SELECT public.holds(''sa_request'', %L)', :'for_requests'), :'for_requests'::text[], 'request: what a query needs');
SELECT is_empty(format('SELECT public.holds(''sa_request'', %L)', :'for_issuers'), '… nothing of an issuer');
SELECT is_empty(format('SELECT public.holds(''sa_request'', array_remove(%L::text[], ''explain_permission''))', :'for_admins'), '… nothing of an administrator');
SELECT is_empty(format('SELECT public.holds(''sa_request'', %L)', :'for_owners'), '… nothing of an owner');
SELECT set_eq(format('SELECT public.holds(''sa_issuer'', %L)', :'for_issuers'), :'for_issuers'::text[], 'issuer: create, rotate and expire sessions');
SELECT is_empty(format('SELECT public.holds(''sa_issuer'', %L)', :'for_admins'), '… nothing of an administrator');
SELECT is_empty(format('SELECT public.holds(''sa_issuer'', %L)', :'for_owners'), '… nothing of an owner');
SELECT set_eq(format('SELECT public.holds(''sa_admin'', %L)', :'for_admins'), :'for_admins'::text[], 'admin: roles and permissions');
SELECT is_empty('SELECT signature FROM public.functions WHERE has_schema_privilege(''sa_plain'', ''session_auth'', ''USAGE'')', 'without a usage nothing is within reach');

-- really tried, not only looked up
SELECT * FROM session_auth.create_session('alice') \gset a_
SET ROLE sa_plain;
SELECT throws_ok('SELECT session_auth.is_authenticated()', '42501', 'permission denied for schema session_auth', 'without a usage: not even a question');
SELECT throws_ok(format('SELECT session_auth.authenticate(%L)', :'a_token'), '42501', 'permission denied for schema session_auth', '… nor authenticate');
SET ROLE sa_request;
SELECT lives_ok(format('SELECT session_auth.authenticate(%L)', :'a_token'), 'request authenticates');
SELECT throws_ok('SELECT session_auth.create_session(''alice'')', '42501', 'permission denied for function create_session', 'request creates no session');
SELECT throws_ok('SELECT session_auth.grant_permission(''USER'', ''view'', ''accounts'')', '42501', 'permission denied for function grant_permission', 'request grants nothing');
SELECT throws_ok('SELECT session_auth.grant_role(''alice'', ''ADMIN'')', '42501', 'permission denied for function grant_role', 'request gives no role');
SELECT throws_ok('SELECT session_auth.grant_usage(''sa_request'', ''admin'')', '42501', 'permission denied for function grant_usage', 'request gives itself no usage');
SET ROLE sa_issuer;
SELECT lives_ok('SELECT session_auth.create_session(''bob'')', 'issuer creates a session');
SELECT lives_ok('SELECT session_auth.expire_user_sessions(''bob'')', 'issuer ends sessions');
SELECT lives_ok(format('SELECT session_auth.rotate_session(%L)', :'a_token'), 'issuer rotates a session');
SELECT throws_ok('SELECT session_auth.impersonate(''alice'')', '42501', 'permission denied for function impersonate', 'issuer impersonates nobody');
SELECT throws_ok('SELECT session_auth.grant_role(''alice'', ''ADMIN'')', '42501', 'permission denied for function grant_role', 'issuer gives no role');
SET ROLE sa_admin;
SELECT lives_ok('SELECT session_auth.import_permissions(''{"ADMIN": ["view:accounts"]}'')', 'admin imports permissions');
SELECT lives_ok('SELECT session_auth.grant_role(''alice'', ''ADMIN'')', 'admin gives roles');
SELECT throws_ok('DELETE FROM session_auth.session_events', '42501', NULL, 'admin takes no event back');
SELECT throws_ok('SELECT session_auth.grant_usage(''sa_plain'', ''request'')', '42501', 'permission denied for function grant_usage', 'admin gives no usage: that is the owner''s');
RESET ROLE;

-- taking it back
SELECT lives_ok('SELECT session_auth.grant_usage(''sa_plain'', ''request'')', 'grant_usage');
SELECT lives_ok('SELECT session_auth.grant_usage(''sa_plain'', ''request'')', '… can be repeated');
SELECT lives_ok('SELECT session_auth.revoke_usage(''sa_plain'', ''request'')', 'revoke_usage');
SELECT is_empty('SELECT signature FROM public.functions WHERE has_schema_privilege(''sa_plain'', ''session_auth'', ''USAGE'') AND has_function_privilege(''sa_plain'', oid, ''EXECUTE'')', '… leaves nothing');
SELECT throws_ok('SELECT session_auth.grant_usage(''sa_plain'', ''everything'')', '22023', 'invalid usage', 'an unknown usage is an error');
SELECT throws_ok('SELECT session_auth.revoke_usage(''sa_plain'', ''everything'')', '22023', 'invalid usage', '… in revoke_usage too');
SELECT throws_ok('SELECT session_auth.grant_usage(0, ''request'')', NULL, NULL, 'an unknown role is an error');

SELECT is_empty($$
  SELECT c.oid::regclass::text, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum >= 0 AND NOT a.attisdropped
  WHERE c.relnamespace = 'session_auth'::regnamespace AND c.relkind NOT IN ('i', 'S') AND col_description(c.oid, a.attnum) IS NULL
  UNION ALL SELECT c.oid::regclass::text, NULL FROM pg_class c
  WHERE c.relnamespace = 'session_auth'::regnamespace AND c.relkind NOT IN ('i', 'S') AND obj_description(c.oid, 'pg_class') IS NULL$$,
  'every table and every column says what it holds');

SELECT * FROM finish();
