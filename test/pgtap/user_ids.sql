-- User ids that are integers or uuids, wherever a user's id is given: by position, by name, as
-- a literal, as a parameter of each type, of a column. What is given as text stays text.
SELECT plan(52);
SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"], "USER": []}') \g /dev/null
SELECT session_auth.add_key('k', 'HS256', repeat('k', 40)) \g /dev/null
\set u 6f2b0a55-6f2d-4c7e-9d59-53b0d6a4c0de
CREATE FUNCTION pg_temp.is_of(token text) RETURNS text LANGUAGE sql AS $$ SELECT user_id || roles::text FROM session_auth.verify_session(token) $$;

-- roles
SELECT is(session_auth.grant_role(7, 'ADMIN'), true, 'grant_role(7, …)');
SELECT is(session_auth.grant_role('7', 'ADMIN'), false, '… is for the user ''7''');
SELECT is(session_auth.grant_role(user_id => 7::smallint, role => 'USER', tenant => 'acme'), true, '… by name, a smallint, in a tenant');
SELECT is(session_auth.grant_role(9007199254740993, 'USER'), true, '… a bigint');
SELECT is(session_auth.grant_role(-3, 'USER'), true, '… and a negative one');
SELECT is(session_auth.grant_role(:'u'::uuid, 'USER'), true, '… a uuid');
SELECT is(session_auth.grant_role(upper(:'u')::uuid, 'USER'), false, '… by its one text');
SELECT set_eq('SELECT user_id, role, tenant FROM session_auth.user_roles', $$VALUES ('7', 'ADMIN', NULL), ('7', 'USER', 'acme'), ('9007199254740993', 'USER', NULL), ('-3', 'USER', NULL), ('6f2b0a55-6f2d-4c7e-9d59-53b0d6a4c0de', 'USER', NULL)$$, 'their text is the user''s id');
SELECT is(session_auth.revoke_role(-3, 'USER'), true, 'revoke_role of an integer');
SELECT is(session_auth.revoke_role(7, 'USER', 'acme'), true, '… in a tenant');
SELECT is(session_auth.revoke_role(:'u'::uuid, 'ADMIN'), false, '… of a uuid');
SELECT throws_ok('SELECT session_auth.grant_role(NULL::bigint, ''USER'')', '22023', 'invalid user_id', 'NULL as a bigint is nobody');
SELECT throws_ok('SELECT session_auth.grant_role(NULL::uuid, ''USER'')', '22023', 'invalid user_id', '… as a uuid');
SELECT throws_ok('SELECT session_auth.grant_role(1, ''NONE'')', '22023', 'invalid role', 'an unknown role');

-- sessions
SELECT is(pg_temp.is_of((session_auth.create_session(7)).token), '7{ADMIN}', 'create_session(7)');
SELECT is(pg_temp.is_of((session_auth.create_session('7')).token), '7{ADMIN}', '… as a literal');
SELECT is(pg_temp.is_of((session_auth.create_session('007')).token), '007{}', '… ''007'' is another');
SELECT is(pg_temp.is_of((session_auth.create_session(:'u'::uuid)).token), :'u' || '{USER}', '… of a uuid');
SELECT is(pg_temp.is_of((session_auth.create_session(:'u')).token), :'u' || '{USER}', '… which is a literal');
SELECT is(pg_temp.is_of((session_auth.create_session('u1')).token), 'u1{}', '… of a text');
SELECT is(pg_temp.is_of((session_auth.create_session(user_id => 7, metadata => '{"device": "x"}', expires_in => '1 hour')).token), '7{ADMIN}', '… by name');
SELECT cmp_ok(s.expires_at, '<', now() + interval '2 hours', '… with its lifetime') FROM session_auth.create_session(7, '1 hour') s;
SELECT is(pg_temp.is_of((session_auth.create_session(7, token => '9b2f6f0e-3f6a-4a4b-8a53-5d0f5b6f7a01')).token), '7{ADMIN}', '… with a token of a framework');
SELECT throws_ok('SELECT session_auth.create_session(NULL)', '22023', 'invalid user_id', 'NULL of no type is text');
SELECT throws_ok('SELECT session_auth.create_session(NULL::bigint)', '22023', 'invalid user_id', '… as a bigint');
SELECT throws_ok('SELECT session_auth.create_session(1.5)', '42883', NULL, 'a number that is no integer is refused');
SELECT is(count(*), 5::bigint, 'list_sessions of an integer') FROM session_auth.list_sessions(7);
SELECT is(count(*), 1::bigint, '… with its metadata') FROM session_auth.list_sessions(7) WHERE metadata ->> 'device' = 'x';
SELECT is(count(*), 2::bigint, '… of a uuid') FROM session_auth.list_sessions(:'u'::uuid);
SELECT is(count(*), 1::bigint, '… of a text') FROM session_auth.list_sessions('007');

-- parameters, of each type and of none, and columns
PREPARE unknown AS SELECT user_id FROM session_auth.verify_session((session_auth.create_session($1)).token);
SELECT is(parameter_types::text, '{text}', 'a parameter of no type is text') FROM pg_prepared_statements WHERE name = 'unknown';
PREPARE named AS SELECT session_auth.grant_role(user_id => $1, role => $2);
SELECT is(parameter_types::text, '{text,text}', '… by name too') FROM pg_prepared_statements WHERE name = 'named';
SELECT results_eq('EXECUTE unknown(''8'')', $$VALUES ('8')$$, '… whatever it is');
PREPARE number(int) AS SELECT user_id FROM session_auth.verify_session((session_auth.create_session($1)).token);
SELECT results_eq('EXECUTE number(8)', $$VALUES ('8')$$, 'a parameter of type integer');
PREPARE id(uuid) AS SELECT user_id FROM session_auth.verify_session((session_auth.create_session($1)).token);
SELECT results_eq(format('EXECUTE id(%L)', :'u'), ARRAY[:'u'::text], '… and uuid');
CREATE TABLE people (id serial PRIMARY KEY, code varchar(10), label name, key uuid DEFAULT gen_random_uuid());
INSERT INTO people (code, label) VALUES ('c1', 'l1');
SELECT is(pg_temp.is_of((session_auth.create_session(id)).token), '1{}', 'a column of type integer') FROM people;
SELECT is(pg_temp.is_of((session_auth.create_session(code)).token), 'c1{}', '… varchar') FROM people;
SELECT is(pg_temp.is_of((session_auth.create_session(label)).token), 'l1{}', '… name') FROM people;
SELECT is(pg_temp.is_of((session_auth.create_session(key)).token), key || '{}', '… uuid') FROM people;

-- tokens, and acting as somebody
SELECT is(v.user_id, '7', 'issue_token of an integer') FROM session_auth.verify_session(session_auth.issue_token(7, '5 minutes')) v;
SELECT is(v.user_id || (v.claims ->> 'x'), :'u' || 'y', '… of a uuid, with claims') FROM session_auth.verify_session(session_auth.issue_token(:'u'::uuid, '5 minutes', '{"x": "y"}', kid => 'k')) v;
BEGIN;
SELECT is(i.user_id || i.roles::text, '7{ADMIN}', 'impersonate of an integer') FROM session_auth.impersonate(7) i;
SELECT is(session_auth.user_id(), '7', '… is in force after the call');
SELECT is(i.user_id || i.roles::text, :'u' || '{ADMIN}', '… of a uuid, with roles and a reason') FROM session_auth.impersonate(:'u'::uuid, '{ADMIN}', reason => 'r') i;
SELECT is(session_auth.user_uuid(), :'u'::uuid, '… and its uuid is the uuid');
COMMIT;
SELECT is(session_auth.user_id(), NULL, '… and not after the transaction');

-- the end
SELECT is(session_auth.expire_user_sessions(7), 5::bigint, 'expire_user_sessions of an integer');
SELECT is(session_auth.expire_user_sessions(:'u'::uuid, except_session => NULL), 3::bigint, '… of a uuid');

-- why a user sees rows
SELECT session_auth.protect_table('people');
SELECT session_auth.grant_permission('ADMIN', 'view', 'people');
SELECT session_auth.grant_role(70, 'ADMIN');
SELECT session_auth.grant_role(:'u'::uuid, 'ADMIN');
SELECT ok(bool_and(holds), 'explain_access of an integer') FROM session_auth.explain_access('people', 'view', 70) WHERE kind = 'permissive';
SELECT ok(bool_and(holds), '… of a uuid, with a row') FROM session_auth.explain_access('people', 'view', :'u'::uuid, '{"id": 1}') WHERE kind = 'permissive';
SELECT ok(NOT bool_or(holds), '… of one who has no role, by name') FROM session_auth.explain_access('people', 'view', user_id => 71) WHERE kind = 'permissive';

SELECT is_empty($$
  SELECT p.oid::regprocedure FROM pg_proc p, generate_subscripts(p.proargtypes, 1) i
  WHERE p.pronamespace = 'session_auth'::regnamespace AND p.proargnames[i + 1] = 'user_id' AND p.proargtypes[i] = 'text'::regtype
    AND coalesce(obj_description(p.oid, 'pg_proc'), '') NOT LIKE 'internal:%'
    AND (SELECT count(*) FROM pg_proc o WHERE o.pronamespace = p.pronamespace AND o.proname = p.proname AND o.pronargs = p.pronargs
      AND o.proargnames = p.proargnames AND o.proargtypes[i] IN ('bigint'::regtype, 'uuid'::regtype)) <> 2$$, 'whatever takes a user''s id takes integers and uuids');
SELECT * FROM finish();
