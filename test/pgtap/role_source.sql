-- Whose word counts on roles: the token's, the grants', or both. Where a table of the
-- application's is adopted it is the grants' alone, unless somebody said otherwise.
-- See also tokens_roles.sql and adopt_roles.sql.
\ir tokens.psql
SELECT plan(17);

SELECT session_auth.add_key(kid, 'HS256', secret(), role_source => source) FROM (VALUES ('unsaid', NULL), ('both', 'both'), ('claims', 'claims')) k (kid, source) \g /dev/null
SELECT session_auth.add_authjs_secret('a secret of an application') \g /dev/null
CREATE FUNCTION public.roles_by(kid text) RETURNS text[] LANGUAGE sql AS
  $$SELECT roles FROM session_auth.verify_session(public.jwt('{"sub": "u1", "role": "ADMIN"}', jsonb_build_object('kid', kid)))$$;
CREATE TABLE public.users (id text PRIMARY KEY, role text);
CREATE TABLE public.others (id text PRIMARY KEY, role text);
INSERT INTO public.users VALUES ('u1', 'USER');
CREATE FUNCTION public.notice_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  -- a NOTICE cannot be caught: as an error it would be one
  EXECUTE statement;
  RETURN coalesce((SELECT string_agg(k, '; ' ORDER BY k) FROM session_auth.keys_with_roles('automatic') k), 'none');
END
$$;

SELECT is(roles_by('unsaid'), '{ADMIN}', 'without a table of roles the token''s count');
SELECT is_empty($$SELECT * FROM session_auth.check_policies() WHERE problem LIKE 'a table says%'$$, '… and nothing is wrong with keys');
SELECT is(notice_of($$SELECT session_auth.adopt_roles('public.users', 'id', 'role')$$), 'Auth.js secret for __Secure-authjs.session-token, authjs.session-token, __Secure-next-auth.session-token, next-auth.session-token; key "unsaid"', 'a table is adopted: these keys change');
SELECT is(roles_by('unsaid'), '{USER}', '… the table''s role alone counts');
SELECT is(roles_by('both'), '{ADMIN,USER}', '… both where that was said');
SELECT is(roles_by('claims'), '{ADMIN}', '… or the token''s');
UPDATE public.users SET role = NULL;
SELECT is(roles_by('unsaid'), '{}', 'a demoted user has no role, whatever an older token says');
SELECT results_eq($$SELECT severity, object FROM session_auth.check_policies() WHERE problem LIKE 'a table says%'$$, $$VALUES ('warning', 'key "both"')$$, 'check_policies warns of keys whose tokens keep roles');
SELECT session_auth.adopt_roles('public.others', 'id', 'role') \g /dev/null
SELECT session_auth.abandon('public.users') \g /dev/null
SELECT is(roles_by('unsaid'), '{}', 'as long as one table is left');
SELECT session_auth.abandon('public.others') \g /dev/null
SELECT is(roles_by('unsaid'), '{ADMIN}', 'when the last is abandoned the token''s count again');
SELECT session_auth.adopt_roles('public.others', 'id', 'role') \g /dev/null
SELECT is(roles_by('unsaid'), '{}', 'an empty table counts too');
DROP TABLE public.others;
SELECT is(roles_by('unsaid'), '{ADMIN}', '… until it is dropped');
BEGIN;
SELECT session_auth.adopt_roles('public.users', 'id', 'role') \g /dev/null
SELECT is(roles_by('unsaid'), '{}', 'in its own transaction at once');
ROLLBACK;
SELECT is(roles_by('unsaid'), '{ADMIN}', '… and not after its rollback');
SELECT session_auth.adopt_roles('public.users', 'id', 'role') \g /dev/null
DROP TRIGGER session_auth_adopt_roles ON public.users;
SELECT is(roles_by('unsaid'), '{ADMIN}', 'a trigger that is dropped by hand');
SELECT throws_ok($$SELECT session_auth.add_key('k', 'HS256', secret(), role_source => 'automatic')$$, '22023', 'invalid role_source', 'how it is stored is no argument');
SELECT is(role_source, 'automatic', 'but it is stored so') FROM session_auth.keys WHERE kid = 'unsaid';
SELECT * FROM finish();
