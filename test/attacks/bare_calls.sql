-- Accident: a policy whose call is evaluated for every row (slow), names a role as a
-- constant (open to all), or hides either in a subquery, a CASE or a WITH CHECK.
-- Holds: protect_table writes what is asked once per query, and check_policies finds
-- the rest. Guards: src/sql/sql_policy.c, read_expression() and find_constant_role();
-- sql/parts/policies.sql, protection_of_one_table().
-- Also: test/attacks/verbs.sql, test/attacks/owners.sql.
SELECT plan(25);
\ir people.psql
CREATE FUNCTION public.found(expression text, problem text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  DROP TABLE IF EXISTS public.probe;
  CREATE TABLE public.probe (id int, owner text, acts text);
  ALTER TABLE public.probe ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
  EXECUTE format('CREATE POLICY p ON public.probe USING (%s)', expression);
  RETURN EXISTS (SELECT FROM session_auth.check_policies() c WHERE c.object LIKE 'policy p on %' AND c.problem ~ found.problem);
END $$;
SET client_min_messages = error;
SELECT ok(found(expression, 'evaluated for each'), 'a bare call: ' || expression) FROM (VALUES
  ('session_auth.is_authenticated()'), ('owner = session_auth.user_id()'), ('owner = ''x'' OR session_auth.has_permission(''view'', ''accounts'')'),
  ('CASE WHEN session_auth.has_role(''ADMIN'') THEN true END'), ('NOT session_auth.has_permission(''view'', ''accounts'')'), ('owner = ANY (session_auth.roles())')) v (expression);
SELECT ok(NOT found(expression, 'evaluated for each'), 'none: ' || expression) FROM (VALUES
  ('(SELECT session_auth.is_authenticated())'), ('owner = (SELECT session_auth.user_id())'), ('session_auth.has_permission(acts, owner)'), ('owner = ANY ((SELECT session_auth.roles())::text[])')) v (expression);
SELECT ok(found(expression, 'role as a constant'), 'a constant role: ' || expression) FROM (VALUES
  ('session_auth.has_permission(''ADMIN'', ''view'', ''accounts'')'), ('(SELECT session_auth.has_permission(''ADMIN'', ''view'', ''accounts''))'),
  ('EXISTS (SELECT FROM accounts a WHERE a.id = probe.id AND session_auth.has_permission(''ADMIN'', ''view'', a.owner))'),
  ('id IN (SELECT id FROM accounts WHERE (SELECT (SELECT session_auth.has_permission(''ADMIN'', ''view'', ''accounts''))))')) v (expression);
SELECT ok(found(expression, 'role as a constant'), 'a constant role, dressed up: ' || expression) FROM (VALUES
  ('session_auth.has_permission(''ADMIN''::varchar::text, ''view'', ''accounts'')'), ('session_auth.has_permission(''AD'' || ''MIN'', ''view'', ''accounts'')'), ('session_auth.has_permission((SELECT lower(''ADMIN'')), ''view'', ''accounts'')')) v (expression);
SELECT ok(NOT found(expression, 'role as a constant'), 'none: ' || expression) FROM (VALUES
  ('(SELECT session_auth.has_permission(session_auth.role(), ''view'', ''accounts''))'), ('session_auth.has_permission((SELECT session_auth.role()), ''view'', ''accounts'')'),
  ('session_auth.has_permission(lower(acts), ''view'', ''accounts'')'), ('EXISTS (SELECT FROM accounts a WHERE session_auth.has_permission(probe.acts, ''view'', a.owner))'),
  ('session_auth.has_permission((SELECT rolname::text FROM pg_roles LIMIT 1), ''view'', ''accounts'')')) v (expression);
CREATE POLICY checked ON accounts FOR INSERT WITH CHECK (session_auth.has_permission('ADMIN', 'create', 'accounts'));
SELECT isnt_empty($$SELECT FROM session_auth.check_policies() WHERE object LIKE 'policy checked %' AND problem ~ 'constant'$$, 'found in WITH CHECK too');
DROP POLICY checked ON accounts;
SELECT is_empty($$SELECT * FROM session_auth.check_policies() WHERE object LIKE '%accounts%' AND object NOT LIKE '%.%' AND severity = 'error'$$, 'protect_table''s own are without reproach');
-- counted: how often the question is asked
SELECT is(count(*), 4::bigint, 'each of the four asks in a subquery, once a query') FROM pg_policy WHERE polrelid = 'accounts'::regclass AND coalesce(pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) ~ '^\( ?SELECT session_auth.has_permission';

SELECT * FROM finish();
