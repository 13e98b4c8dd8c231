-- access_matrix: every protected table by action and role, and by which way.
-- Also: test/pgtap/explain_access.sql.
SELECT plan(15);

SELECT session_auth.import_permissions('{"ADMIN": ["*:*", "!delete:notes"], "EDITOR": ["edit:notes"], "READER": ["view:notes", "view:notes.secret"]}') \g /dev/null
SELECT session_auth.inherit_role('EDITOR', 'READER') \g /dev/null
SELECT is_empty('SELECT * FROM session_auth.access_matrix()', 'nothing is protected yet');
SELECT session_auth.grant_usage('sa_owner', 'admin') \g /dev/null
CREATE TABLE public.notes (id int PRIMARY KEY, owner text, org text, secret text);
CREATE TABLE public.books (id int, owner text);
CREATE TABLE public.hand (id int);
CREATE TABLE public.parted (id int) PARTITION BY LIST (id);
CREATE TABLE public.parted_1 PARTITION OF parted FOR VALUES IN (1);
ALTER TABLE notes OWNER TO sa_owner;
GRANT CREATE ON SCHEMA public TO sa_owner;
SELECT session_auth.protect_table('notes', owner_column => 'owner', tenant_column => 'org'), session_auth.protect_table('books', 'library', denied => 'error') \g /dev/null

CREATE FUNCTION public.cell(object regclass, resource text, action text, role text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(concat_ws(' ', m.allowed, m.via), ' | ') FROM session_auth.access_matrix() m WHERE (m.object, m.resource, m.action, m.role) = ($1, $2, $3, $4) $$;

SELECT is(count(*), 24::bigint, 'two tables, four actions, three roles') FROM session_auth.access_matrix();
SELECT is(string_agg(DISTINCT action, ','), 'create,delete,edit,view', 'which four') FROM session_auth.access_matrix();
SELECT is(cell('notes', 'notes', 'view', 'READER'), 't role "READER" is granted "view" on "notes"; own rows alone (owner), rows of the tenant alone (org)', 'own rows count as allowed, and it says so');
SELECT is(cell('notes', 'notes', 'view', 'EDITOR'), 't role "EDITOR" inherits from role "READER", which is granted "view" on "notes"; own rows alone (owner), rows of the tenant alone (org)', 'what is inherited');
SELECT is(cell('notes', 'notes', 'delete', 'ADMIN'), 'f role "ADMIN" is denied "delete" on "notes"', 'what is denied');
SELECT is(cell('notes', 'notes', 'create', 'READER'), 'f neither role "READER" nor a role that it inherits is granted "create" on "notes"', 'what is not granted');
SELECT is(cell('books', 'library', 'edit', 'ADMIN'), 't role "ADMIN" is granted "*" on "*"', 'a resource of another name');

SELECT session_auth.protect_columns('notes', '{secret}', owner_column => 'owner') \g /dev/null
SELECT is(cell('notes', 'notes.secret', 'view', 'READER'), 't role "READER" is granted "view" on "notes.secret"; own rows in any case (owner)', 'a hidden column');
SELECT is(cell('notes', 'notes.secret', 'edit', 'EDITOR'), 'f neither role "EDITOR" nor a role that it inherits is granted "edit" on "notes.secret"', '… is written by whom');

SELECT session_auth.protect_table('parted', 'notes') \g /dev/null
SELECT is(cell('parted_1', 'notes', 'view', 'READER'), 't role "READER" is granted "view" on "notes"', 'partitions are tables');
ALTER TABLE hand ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON hand USING ((SELECT session_auth.has_permission('read', 'hands')) AND id > 0);
SELECT is(cell('hand', 'hands', 'read', 'ADMIN'), 't role "ADMIN" is granted "*" on "*"; by policy mine', 'what a policy written by hand asks');

SET ROLE sa_admin;
SELECT isnt((SELECT count(*) FROM session_auth.access_matrix()), 0::bigint, 'usage admin may ask');
SET ROLE sa_request;
SELECT throws_ok('SELECT * FROM session_auth.access_matrix()', '42501', NULL, '… and usage request may not');
RESET ROLE;
SELECT session_auth.unprotect_table('books') \g /dev/null
SELECT is(count(*), 0::bigint, 'what is no longer protected is not in it') FROM session_auth.access_matrix() WHERE object = 'books'::regclass;

SELECT * FROM finish();
