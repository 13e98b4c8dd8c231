-- Attack: reach rows, or act as somebody else, through a SECURITY DEFINER function, a
-- view, a rule, a trigger (deferred too) or a SET ROLE inside one.
-- Holds: the identity is always the session's, never the definer's; a view without
-- security_invoker reads as its owner, whom FORCE holds too and check_policies reports.
-- Guards: src/identity/identity.c (nothing depends on current_user); sql/parts/policies.sql.
SELECT plan(17);
\ir people.psql
SELECT session_auth.grant_usage('sa_owner', 'request') \g /dev/null
GRANT CREATE, USAGE ON SCHEMA public TO sa_owner;
ALTER TABLE accounts OWNER TO sa_owner;
GRANT ALL ON accounts TO sa_request;
CREATE TABLE audit (step int GENERATED ALWAYS AS IDENTITY, who text, as_role name, seen bigint);
GRANT ALL ON audit TO PUBLIC;
CREATE TABLE orders (id int);
GRANT ALL ON orders TO PUBLIC;

SET ROLE sa_owner;
CREATE FUNCTION public.definer() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS
  $$ SELECT coalesce(session_auth.user_id(), 'nobody') || (SELECT count(*) FROM public.accounts) || session_auth.has_permission('view', 'accounts')::text $$;
CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  INSERT INTO public.audit (who, as_role, seen) SELECT coalesce(session_auth.user_id(), 'nobody'), current_user, count(*) FROM public.accounts;
  RETURN NULL;
END $$;
CREATE VIEW public.owners_view AS SELECT * FROM public.accounts;
CREATE VIEW public.invokers_view WITH (security_invoker) AS SELECT * FROM public.accounts;
GRANT SELECT ON owners_view, invokers_view TO sa_request;
RESET ROLE;
CREATE TRIGGER now AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION note();
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note();
CREATE RULE also AS ON UPDATE TO orders DO ALSO INSERT INTO audit (who, as_role, seen) SELECT who(), current_user, count(*) FROM accounts;
CREATE FUNCTION public.superuser_definer() RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$ SELECT coalesce(session_auth.user_id(), 'nobody') || session_auth.has_role('ADMIN') $$;
CREATE FUNCTION public.sign_in(token text) RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$ SELECT a.user_id FROM session_auth.authenticate(token) a $$;

SET ROLE sa_request;
SELECT is(definer(), 'nobody0false', 'a definer''s function: nobody');
SELECT is(superuser_definer(), 'nobodyfalse', 'a superuser''s function: nobody');
SELECT is(count(*), 0::bigint, 'its owner''s view: FORCE holds the owner too') FROM owners_view;
BEGIN;
SELECT FROM session_auth.authenticate(:'bob') \g /dev/null
SELECT is(definer(), 'bob0false', 'a definer''s function: bob, and his rows');
SELECT is((SELECT count(*) FROM owners_view), 0::bigint, 'the owner''s view asks for bob');
SELECT is((SELECT count(*) FROM invokers_view), 0::bigint, 'an invoker''s view: bob');
INSERT INTO orders VALUES (1);
SELECT is(sign_in(:'alice'), 'alice', 'a definer may authenticate, with a token');
SELECT is(definer(), 'alice3true', '… which then holds for the session');
SELECT is((SELECT count(*) FROM invokers_view), 3::bigint, 'an invoker''s view: alice');
UPDATE orders SET id = 2;
SELECT session_auth.deauthenticate() \g /dev/null
COMMIT;
SELECT is((SELECT string_agg(concat_ws(' ', who, as_role, seen), ', ' ORDER BY step) FROM audit), 'bob sa_owner 0, alice sa_request 3, nobody sa_owner 0',
  'triggers and rules have the identity of their moment, whoever defined them; a deferred one that of COMMIT');
SELECT is(definer(), 'nobody0false', 'afterwards: nobody');
RESET ROLE;
SELECT isnt_empty($$SELECT FROM session_auth.check_policies() WHERE object LIKE '%owners_view'$$, 'check_policies reports the view of the owner');
SELECT is_empty($$SELECT FROM session_auth.check_policies() WHERE object LIKE '%invokers_view'$$, '… not that of the invoker');

-- a superuser's view without FORCE's reach: reported as well
CREATE VIEW public.supers_view AS SELECT * FROM accounts;
GRANT SELECT ON supers_view TO sa_request;
SELECT isnt_empty($$SELECT FROM session_auth.check_policies() WHERE object LIKE '%supers_view' AND severity = 'error'$$, 'and that of a superuser, which shows every row');
CREATE FUNCTION public.indirect() RETURNS name LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN SET LOCAL ROLE sa_request; RETURN current_user; END $$;
SELECT throws_ok('SELECT indirect()', '42501', NULL, 'SET ROLE inside a definer''s function is PostgreSQL''s to refuse');
-- current_user and session_user say nothing about who calls
SET ROLE sa_request;
BEGIN;
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
SET LOCAL ROLE NONE;
SELECT is(who(), 'alice', 'the database role is no part of the identity');
SELECT is(superuser_definer(), 'alicetrue', '… nor is it of permissions');
COMMIT;

SELECT * FROM finish();
