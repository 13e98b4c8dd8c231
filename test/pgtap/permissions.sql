-- Roles and permissions: inheritance, patterns, denials, tenants, the map that
-- applications have, and a cache that is never seen.
-- Also: test/specs/role_races.spec, test/specs/revoke_repeatable_read.spec, test/t/storm.t,
-- test/attacks/revocation_elsewhere.t.
SELECT plan(121);

-- the application's map
SELECT is(session_auth.import_permissions('{"ADMIN": ["view:accounts", "edit:accounts"], "USER": ["view:profile"]}'), 3, 'import_permissions tells how many it added');
SELECT is(session_auth.import_permissions('{"ADMIN": ["view:accounts", "edit:accounts"], "USER": ["view:profile"]}'), 0, '… none the second time');
SELECT is(session_auth.import_permissions('{"ADMIN": ["view:audit"]}'), 1, '… and only adds');
SELECT is(session_auth.has_permission('ADMIN', 'view', 'accounts'), true, 'ADMIN views accounts');
SELECT is(session_auth.has_permission('ADMIN', 'edit', 'accounts'), true, 'ADMIN edits accounts');
SELECT is(session_auth.has_permission('ADMIN', 'view', 'audit'), true, 'ADMIN has what came later');
SELECT is(session_auth.has_permission('USER', 'view', 'accounts'), false, 'USER does not view accounts');
SELECT is(session_auth.has_permission('USER', 'view', 'profile'), true, 'USER views profiles');
SELECT is(session_auth.has_permission('ADMIN', 'delete', 'accounts'), false, 'an action that was not granted');
SELECT is(session_auth.has_permission('ADMIN', 'view', 'Accounts'), false, 'letter case of a resource counts');
SELECT is(session_auth.has_permission('admin', 'view', 'accounts'), false, 'letter case of a role counts');
SELECT is(session_auth.has_permission('NOBODY', 'view', 'accounts'), false, 'an unknown role');
SELECT is(session_auth.has_permission('', 'view', 'accounts'), false, 'an empty role');
SELECT is(session_auth.has_permission('ADMIN', '', ''), false, 'an empty action and resource');
SELECT is(session_auth.has_permission('ADMIN', '*', 'accounts'), false, 'asking for * is not asking for all');
SELECT is(session_auth.has_permission(NULL, 'view', 'accounts'), NULL, 'a NULL role gives NULL');
SELECT is(session_auth.has_permission('ADMIN', NULL, 'accounts'), NULL, 'a NULL action gives NULL');
SELECT is(session_auth.has_permission('ADMIN', 'view', NULL), NULL, 'a NULL resource gives NULL');
SELECT is(session_auth.has_permission(role => 'ADMIN', action => 'view', resource => 'accounts'), true, 'arguments have the names of the contract');

SELECT is(session_auth.import_permissions('{"GUEST": ["!view:accounts", "view:project:*"]}'), 2, 'a map may hold denials, and resources with colons');
SELECT is(session_auth.has_permission('GUEST', 'view', 'project:7'), true, 'a pair splits at its first colon');
SELECT is(session_auth.export_permissions() -> 'GUEST' @> '["!view:accounts", "view:project:*"]', true, 'denials are exported as they came');
SELECT is(jsonb_typeof(session_auth.export_permissions()), 'object', 'export_permissions gives a map');
SELECT session_auth.export_permissions() AS map \gset
BEGIN;
SELECT session_auth.drop_role(r) FROM unnest('{ADMIN,USER,GUEST}'::text[]) r \g /dev/null
SELECT is(session_auth.export_permissions(), '{}', 'dropped roles take their permissions along');
SELECT is(session_auth.import_permissions(:'map'), 6, 'what was exported can be imported');
SELECT is(session_auth.export_permissions(), :'map'::jsonb, '… and comes out the same');
ROLLBACK;
SELECT throws_ok('SELECT session_auth.import_permissions(''{"HALF": ["view:accounts"], "OTHER": ["no colon"]}'')', '22023', 'invalid permissions', 'a bad entry is an error');
SELECT is(session_auth.has_permission('HALF', 'view', 'accounts'), false, '… and nothing of the map is imported');
SELECT is(session_auth.export_permissions() ? 'HALF', false, '… not even the role');

-- granting, denying, revoking
SELECT lives_ok('SELECT session_auth.create_role(''R'')', 'create_role');
SELECT is(session_auth.has_permission('R', 'view', 'x'), false, 'a new role holds nothing');
SELECT is(session_auth.grant_permission('R', 'view', 'x'), true, 'grant_permission');
SELECT is(session_auth.grant_permission('R', 'view', 'x'), false, '… changes nothing the second time');
SELECT is(session_auth.has_permission('R', 'view', 'x'), true, 'a grant is in force at once');
SELECT is(session_auth.deny_permission('R', 'view', 'x'), true, 'deny_permission');
SELECT is(session_auth.deny_permission('R', 'view', 'x'), false, '… changes nothing the second time');
SELECT is(session_auth.has_permission('R', 'view', 'x'), false, 'a denial wins over the same grant');
SELECT is(session_auth.revoke_permission('R', 'view', 'x'), true, 'revoke_permission');
SELECT is(session_auth.revoke_permission('R', 'view', 'x'), false, '… changes nothing the second time');
SELECT is(session_auth.grant_permission('R', 'view', 'x'), true, 'it had taken back both');
SELECT session_auth.revoke_permission('R', 'view', 'x') \g /dev/null

-- patterns
SELECT session_auth.grant_permission('R', 'view', 'project:*') \g /dev/null
SELECT session_auth.grant_permission('R', 'view', 'docs/*') \g /dev/null
SELECT is(session_auth.has_permission('R', 'view', 'project:1'), true, 'prefix:* covers what starts so');
SELECT is(session_auth.has_permission('R', 'view', 'project:1:task'), true, '… at any depth');
SELECT is(session_auth.has_permission('R', 'view', 'project'), false, '… not the bare word');
SELECT is(session_auth.has_permission('R', 'view', 'projects:1'), false, '… not another word');
SELECT is(session_auth.has_permission('R', 'edit', 'project:1'), false, '… not another action');
SELECT is(session_auth.has_permission('R', 'view', 'docs/a/b'), true, 'prefix/* covers what starts so');
SELECT is(session_auth.has_permission('R', 'view', 'docs'), false, '… not the bare word');
SELECT session_auth.deny_permission('R', 'view', 'project:secret:*') \g /dev/null
SELECT is(session_auth.has_permission('R', 'view', 'project:secret:1'), false, 'a denied prefix wins inside a granted one');
SELECT is(session_auth.has_permission('R', 'view', 'project:other'), true, '… and takes no more');
SELECT session_auth.create_role('ROOT') \g /dev/null
SELECT session_auth.grant_permission('ROOT', '*', '*') \g /dev/null
SELECT is(session_auth.has_permission('ROOT', 'anything', 'at:all'), true, '* as action and resource means all');
SELECT session_auth.deny_permission('ROOT', 'delete', 'audit') \g /dev/null
SELECT is(session_auth.has_permission('ROOT', 'delete', 'audit'), false, 'a denial wins over *');
SELECT is(session_auth.has_permission('ROOT', 'view', 'audit'), true, '… for its action alone');
SELECT session_auth.deny_permission('ROOT', '*', 'vault/*') \g /dev/null
SELECT is(session_auth.has_permission('ROOT', 'view', 'vault/1'), false, 'a denial may have * as its action');
SELECT session_auth.create_role('VIEWER') \g /dev/null
SELECT session_auth.grant_permission('VIEWER', 'view', '*') \g /dev/null
SELECT is(session_auth.has_permission('VIEWER', 'view', 'whatever'), true, '* as the resource alone');
SELECT is(session_auth.has_permission('VIEWER', 'edit', 'whatever'), false, '… leaves other actions');
SELECT session_auth.create_role('OWNER') \g /dev/null
SELECT session_auth.grant_permission('OWNER', '*', 'file') \g /dev/null
SELECT is(session_auth.has_permission('OWNER', 'shred', 'file'), true, '* as the action alone');
SELECT is(session_auth.has_permission('OWNER', 'shred', 'files'), false, '… leaves other resources');
SELECT session_auth.grant_permission('OWNER', 'view', 'a_c') \g /dev/null
SELECT session_auth.grant_permission('OWNER', 'view', '100%') \g /dev/null
SELECT is(session_auth.has_permission('OWNER', 'view', 'abc'), false, '_ is no pattern');
SELECT is(session_auth.has_permission('OWNER', 'view', '1000'), false, '% is no pattern');

-- inheritance
SELECT session_auth.create_role('BASE') \g /dev/null
SELECT session_auth.grant_permission('BASE', 'view', 'news') \g /dev/null
SELECT lives_ok('SELECT session_auth.create_role(''EDITOR'', ARRAY[''BASE''])', 'create_role with what it inherits');
SELECT lives_ok('SELECT session_auth.create_role(role => ''CHIEF'', inherits => ''{EDITOR}'')', '… by name');
SELECT is(session_auth.has_permission('EDITOR', 'view', 'news'), true, 'a role has what its parent holds');
SELECT is(session_auth.has_permission('CHIEF', 'view', 'news'), true, '… and its grandparent');
SELECT is(session_auth.has_permission('BASE', 'view', 'news'), true, 'the parent keeps it');
SELECT session_auth.grant_permission('CHIEF', 'publish', 'news') \g /dev/null
SELECT is(session_auth.has_permission('EDITOR', 'publish', 'news'), false, 'nothing is inherited upwards');
SELECT throws_ok('SELECT session_auth.inherit_role(''BASE'', ''CHIEF'')', '22023', 'invalid parent', 'a cycle is an error');
SELECT throws_ok('SELECT session_auth.inherit_role(''BASE'', ''BASE'')', '22023', 'invalid parent', 'so is a role as its own parent');
SELECT is(session_auth.has_permission('BASE', 'publish', 'news'), false, 'a refused cycle leaves nothing');
SELECT session_auth.grant_permission('CHIEF', 'burn', 'news') \g /dev/null
SELECT session_auth.deny_permission('BASE', 'burn', 'news') \g /dev/null
SELECT is(session_auth.has_permission('CHIEF', 'burn', 'news'), false, 'an inherited denial wins over a grant of one''s own');
SELECT session_auth.deny_permission('CHIEF', 'view', 'news') \g /dev/null
SELECT is(session_auth.has_permission('CHIEF', 'view', 'news'), false, 'a denial of one''s own wins over an inherited grant');
SELECT is(session_auth.has_permission('EDITOR', 'view', 'news'), true, '… and is not the parent''s');
SELECT session_auth.revoke_permission('CHIEF', 'view', 'news') \g /dev/null
SELECT session_auth.create_role('LEFT', '{BASE}') \g /dev/null
SELECT lives_ok('SELECT session_auth.inherit_role(''CHIEF'', ''LEFT'')', 'a diamond is no cycle');
SELECT lives_ok('SELECT session_auth.disinherit_role(''CHIEF'', ''EDITOR'')', 'disinherit_role');
SELECT is(session_auth.has_permission('CHIEF', 'view', 'news'), true, 'the other side of the diamond still gives');
SELECT session_auth.disinherit_role('CHIEF', 'LEFT') \g /dev/null
SELECT is(session_auth.has_permission('CHIEF', 'view', 'news'), false, 'without parents nothing is inherited');
SELECT throws_ok('SELECT session_auth.create_role(''ORPHAN'', ''{NO_SUCH_ROLE}'')', '22023', 'invalid role', 'an unknown parent is an error');

-- the roles of an identity
SELECT throws_ok('SELECT session_auth.grant_role(''alice'', ''NO_SUCH_ROLE'')', '22023', 'invalid role', 'grant_role of an unknown role is an error');
SELECT is(session_auth.grant_role('alice', 'EDITOR'), true, 'grant_role');
SELECT is(session_auth.grant_role('alice', 'EDITOR'), false, '… changes nothing the second time');
SELECT is(session_auth.grant_role('alice', 'OWNER'), true, 'a user may have several roles');
SELECT is(session_auth.grant_role('alice', 'ROOT', 'acme'), true, '… and one in a tenant alone');
SELECT * FROM session_auth.create_session('alice') \gset a_
BEGIN;
SELECT session_auth.authenticate(:'a_token') \g /dev/null
SELECT is(session_auth.roles(), '{EDITOR,OWNER}', 'without a tenant: the roles granted without one');
SELECT is(session_auth.tenant(), NULL, '… and no tenant');
SELECT is(session_auth.has_permission('view', 'news'), true, 'has_permission by an inherited role');
SELECT is(session_auth.has_permission('shred', 'file'), true, 'has_permission by another of the roles');
SELECT is(session_auth.has_permission('anything', 'else'), false, 'not by a role of a tenant');
SELECT is(session_auth.has_permission('view', NULL), NULL, 'the short form gives NULL for NULL');
SELECT is(session_auth.has_role('BASE'), true, 'has_role by inheritance');
SELECT is(session_auth.has_role('ROOT'), false, 'has_role not by a tenant');
SELECT lives_ok('SELECT session_auth.require_permission(''view'', ''news'')', 'require_permission of what is allowed');
SELECT throws_ok('SELECT session_auth.require_permission(''burn'', ''news'')', '42501', 'permission denied: "burn" on "news"', 'require_permission of what is not: 403');
SELECT session_auth.authenticate(:'a_token', tenant => 'acme') \g /dev/null
SELECT is(session_auth.tenant(), 'acme', 'the tenant is the one asked for');
SELECT bag_eq('SELECT unnest(session_auth.roles())', '{EDITOR,OWNER,ROOT}'::text[], 'with a tenant: those plus the tenant''s');
SELECT is(session_auth.has_permission('anything', 'else'), true, 'and the tenant''s role counts');
SELECT session_auth.authenticate(:'a_token', tenant => 'umbrella') \g /dev/null
SELECT is(session_auth.has_role('ROOT'), false, 'another tenant''s roles do not');
SELECT session_auth.deauthenticate() \g /dev/null
SELECT throws_ok('SELECT session_auth.require_permission(''view'', ''news'')', '28000', 'not authenticated', 'require_permission without an identity: 401');
COMMIT;
SELECT is(session_auth.revoke_role('alice', 'ROOT'), false, 'revoke_role without the tenant is not meant for it');
SELECT is(session_auth.revoke_role('alice', 'ROOT', 'acme'), true, 'revoke_role with it is');
SELECT is(session_auth.revoke_role('alice', 'ROOT', 'acme'), false, '… once');

-- explaining
SELECT is(e.allowed, true, 'explain_permission: allowed') FROM session_auth.explain_permission('EDITOR', 'view', 'news') e LIMIT 1;
SELECT is(e.via_role, 'BASE', '… through which role') FROM session_auth.explain_permission('EDITOR', 'view', 'news') e LIMIT 1;
SELECT is(e.grant_action || ':' || e.grant_resource, 'view:project:*', '… by which grant') FROM session_auth.explain_permission('R', 'view', 'project:1') e LIMIT 1;
SELECT is(e.allowed, false, '… denied') FROM session_auth.explain_permission('CHIEF', 'publish', 'moon') e LIMIT 1;
SELECT is(e.grant_resource, 'project:secret:*', '… by which denial') FROM session_auth.explain_permission('R', 'view', 'project:secret:1') e LIMIT 1;
SELECT ok(length(e.reason) > 0, '… and why, for an unknown role too') FROM session_auth.explain_permission('NO_SUCH_ROLE', 'view', 'news') e LIMIT 1;
SELECT is_empty($$
  SELECT r, a, o FROM unnest('{R,ROOT,VIEWER,OWNER,BASE,EDITOR,CHIEF,LEFT,NONE}'::text[]) r,
    unnest('{view,edit,burn,publish,delete}'::text[]) a,
    unnest('{news,x,project:1,project:secret:1,docs/a,audit,vault/1,file,*}'::text[]) o
  WHERE session_auth.has_permission(r, a, o) IS DISTINCT FROM (SELECT bool_and(allowed) FROM session_auth.explain_permission(r, a, o))
$$, 'explain_permission always agrees with has_permission');

-- listing
SELECT set_has('SELECT role, action, resource FROM session_auth.list_permissions(''EDITOR'')', $$VALUES ('EDITOR', 'view', 'news')$$, 'list_permissions has what is inherited');
SELECT is(l.via_role, 'BASE', '… and through which role') FROM session_auth.list_permissions('EDITOR') l WHERE action = 'view';
SELECT ok(count(DISTINCT role) > 5, 'list_permissions of no role in particular lists all') FROM session_auth.list_permissions();
SELECT bag_eq($$SELECT unnest(session_auth.permitted_resources('ADMIN', 'view'))$$, '{accounts,audit}'::text[], 'permitted_resources');
SELECT is(session_auth.permitted_resources('VIEWER', 'view'), '{*}', '… {*} when all');
SELECT is(session_auth.permitted_resources('NONE', 'view'), '{}', '… none for an unknown role');

-- changes, and undoing them
BEGIN;
SAVEPOINT s;
SELECT session_auth.grant_permission('USER', 'fly', 'moon') \g /dev/null
SELECT is(session_auth.has_permission('USER', 'fly', 'moon'), true, 'a change is seen in its own transaction');
ROLLBACK TO s;
SELECT is(session_auth.has_permission('USER', 'fly', 'moon'), false, 'and not after its savepoint was rolled back');
SELECT session_auth.revoke_permission('ADMIN', 'edit', 'accounts') \g /dev/null
SELECT is(session_auth.has_permission('ADMIN', 'edit', 'accounts'), false, 'a revocation is seen in its own transaction');
ROLLBACK;
SELECT is(session_auth.has_permission('ADMIN', 'edit', 'accounts'), true, 'and not after a ROLLBACK');
BEGIN;
DELETE FROM session_auth.permissions;
SELECT is(session_auth.has_permission('ADMIN', 'edit', 'accounts'), false, 'a plain DELETE in the table is seen');
ROLLBACK;
SELECT is(session_auth.has_permission('ADMIN', 'edit', 'accounts'), true, '… and undone');
BEGIN;
TRUNCATE session_auth.permissions;
SELECT is(session_auth.has_permission('ADMIN', 'edit', 'accounts'), false, 'TRUNCATE is seen');
ROLLBACK;
SELECT is(session_auth.has_permission('ADMIN', 'edit', 'accounts'), true, '… and undone');
SELECT ok(count(*) > 0, 'changes of permissions are recorded') FROM session_auth.session_events WHERE event ILIKE '%permission%' OR event ILIKE '%grant%';

SELECT * FROM finish();
