-- list_user_roles: who has which role, where, and which table says so.
-- Also: test/pgtap/adopt_roles.sql, test/pgtap/usages.sql.
SELECT plan(10);
\ir adoption.psql

CREATE FUNCTION public.listed(who text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(string_agg(concat_ws(' ', l.user_id, l.role, '@' || l.tenant, nullif(l.sources, '{}')::text), ', ' ORDER BY l.n), '')
  FROM session_auth.list_user_roles(who) WITH ORDINALITY l (user_id, role, tenant, granted_at, sources, n) $$;

SELECT session_auth.create_role(r) FROM unnest('{READER,EDITOR,OWNER}'::text[]) r \g /dev/null
SELECT is(listed('ann'), '', 'nobody has a role at first');
SELECT session_auth.grant_role('ann', 'READER'), session_auth.grant_role('ann', 'EDITOR', 'acme') \g /dev/null
SELECT is(listed('ann'), 'ann READER, ann EDITOR @acme', 'roles everywhere and of a tenant, the one granted first at the head');
SELECT is((SELECT min(granted_at) > now() - interval '1 hour' FROM session_auth.list_user_roles('ann')), true, 'since when');
CREATE TABLE members (id text PRIMARY KEY, role text);
INSERT INTO members VALUES ('ann', 'OWNER'), ('7', 'OWNER'), ('1c9d7c1e-6a4e-4f0c-9f0e-2a4a3d1c5b11', 'READER');
SELECT session_auth.adopt_roles('members', 'id', 'role') \g /dev/null
SELECT is(listed('ann'), 'ann READER, ann EDITOR @acme, ann OWNER {members}', 'a role that came with a table''s row names the table');
SELECT is((SELECT count(*) FROM session_auth.list_user_roles()), 5::bigint, 'without a user it lists those of all');
SELECT is((SELECT role FROM session_auth.list_user_roles(7)), 'OWNER', 'an integer is its text');
SELECT is((SELECT role FROM session_auth.list_user_roles('1c9d7c1e-6a4e-4f0c-9f0e-2a4a3d1c5b11'::uuid)), 'READER', 'and so is a uuid');
UPDATE members SET role = 'EDITOR' WHERE id = 'ann';
SELECT is(listed('ann'), 'ann READER, ann EDITOR @acme, ann EDITOR {members}', 'with the row the role changes');

CREATE ROLE sa_lister; CREATE ROLE sa_asker;
SELECT session_auth.grant_usage('sa_lister', 'admin'), session_auth.grant_usage('sa_asker', 'request') \g /dev/null
SET ROLE sa_asker;
SELECT throws_ok('SELECT * FROM session_auth.list_user_roles(''ann'')', '42501', NULL, 'usage request may not ask');
SET ROLE sa_lister;
SELECT is((SELECT count(*) FROM session_auth.list_user_roles('ann')), 3::bigint, 'usage admin may');
RESET ROLE;

SELECT * FROM finish();
