-- Less than the user may do: narrow(), sessions that are narrowed from their start, scopes of tokens; by the
-- rule "what it may do and what one of each layer covers", over random permissions. Siblings: effects.sql,
-- test/attacks/narrowed.sql, test/t/agents.t.
SELECT plan(84);

SELECT session_auth.import_permissions('{"ADMIN": ["*:accounts", "view:project:*", "!view:project:13", "view:a", "view:b", "view:files/x", "edit:*"], "CHIEF": ["*:*"], "USER": []}') \g /dev/null
SELECT session_auth.grant_role('alice', 'ADMIN'), session_auth.grant_role('chief', 'CHIEF') \g /dev/null
SELECT token AS alice FROM session_auth.create_session('alice') \gset
SELECT token AS chief FROM session_auth.create_session('chief') \gset

-- Runs a query for a user, narrowed by each layer; its own errors are the caller's.
CREATE FUNCTION public.narrowed(token text, layers text[], query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  layer text;
  answer text;
BEGIN
  PERFORM session_auth.authenticate(token);
  FOREACH layer IN ARRAY layers LOOP
    PERFORM session_auth.narrow(layer::text[]);
  END LOOP;
  EXECUTE query INTO answer;
  RETURN answer;
END $$;
-- Each in a transaction of its own.
CREATE TABLE public.cases (n serial, who text, layers text[], query text, expected text, what text, answer text);
INSERT INTO cases (who, layers, query, expected, what) VALUES
  ('alice', '{}', 'SELECT session_auth.has_permission(''view'', ''project:1'')', 'true', 'not narrowed'),
  ('alice', '{"{}"}', 'SELECT session_auth.has_permission(''view'', ''accounts'')', 'false', 'to nothing'),
  ('alice', '{"{*:*}"}', 'SELECT session_auth.has_permission(''view'', ''accounts'')', 'true', 'to everything'),
  ('alice', '{"{*:*}"}', 'SELECT session_auth.has_permission(''view'', ''c'')', 'false', '… gives nothing'),
  ('alice', '{"{*:accounts}"}', 'SELECT session_auth.has_permission(''drop'', ''accounts'')', 'true', 'any action'),
  ('alice', '{"{view:*}"}', 'SELECT session_auth.has_permission(''view'', ''a'')', 'true', 'any resource'),
  ('alice', '{"{view:*}"}', 'SELECT session_auth.has_permission(''edit'', ''a'')', 'false', '… of the action'),
  ('alice', '{"{view:project:*}"}', 'SELECT session_auth.has_permission(''view'', ''project:1'')', 'true', 'a pattern'),
  ('alice', '{"{view:project:*}"}', 'SELECT session_auth.has_permission(''view'', ''project:13'')', 'false', '… against a denial'),
  ('alice', '{"{view:project:13}"}', 'SELECT session_auth.has_permission(''view'', ''project:13'')', 'false', 'a name against a denial'),
  ('alice', '{"{view:project:1}"}', 'SELECT session_auth.has_permission(''view'', ''project:1'')', 'true', 'a name of a pattern'),
  ('alice', '{"{view:project:1}"}', 'SELECT session_auth.has_permission(''view'', ''project:2'')', 'false', '… and no other'),
  ('alice', '{"{view:a,view:b}","{view:b,view:project:*}"}', 'SELECT session_auth.has_permission(''view'', ''b'')', 'true', 'twice: in both'),
  ('alice', '{"{view:a,view:b}","{view:b,view:project:*}"}', 'SELECT session_auth.has_permission(''view'', ''a'')', 'false', '… in the first alone'),
  ('alice', '{"{view:a,view:b}","{view:b,view:project:*}"}', 'SELECT session_auth.has_permission(''view'', ''project:1'')', 'false', '… in the second alone'),
  ('chief', '{"{view:a}"}', 'SELECT session_auth.has_permission(''CHIEF'', ''view'', ''b'')', 'false', 'for a role'),
  ('chief', '{"{view:a}"}', 'SELECT session_auth.has_permission(''ADMIN'', ''view'', ''a'')', 'true', '… another'),
  ('chief', '{"{view:a}"}', 'SELECT session_auth.has_permission(''USER'', ''view'', ''a'')', 'false', '… that may not'),
  ('chief', '{"{view:a}"}', 'SELECT session_auth.has_role(''CHIEF'')', 'false', 'no role'),
  ('chief', '{"{*:*}"}', 'SELECT session_auth.has_role(''CHIEF'')', 'false', '… whatever is left'),
  ('chief', '{"{view:a}"}', 'SELECT session_auth.role()', 'CHIEF', 'the name of the role stays'),
  ('chief', '{"{view:a}"}', 'SELECT session_auth.user_id()', 'chief', '… and who it is'),
  ('chief', '{"{view:a,view:b:*,edit:c}"}', 'SELECT session_auth.permitted_resources(''CHIEF'', ''view'')', '{a,b:*}', 'resources of everything'),
  ('chief', '{"{*:*}"}', 'SELECT session_auth.permitted_resources(''CHIEF'', ''view'')', '{*}', '… narrowed to everything'),
  ('chief', '{"{}"}', 'SELECT session_auth.permitted_resources(''CHIEF'', ''view'')', '{}', '… to nothing'),
  ('alice', '{"{view:project:*,view:a,view:c}"}', 'SELECT session_auth.permitted_resources(''ADMIN'', ''view'')', '{a,project:*}', 'resources of some'),
  ('alice', '{"{view:project:12,view:project:13}"}', 'SELECT session_auth.permitted_resources(''ADMIN'', ''view'')', '{project:12}', '… but what is denied'),
  ('alice', '{"{view:*}","{view:files/*}"}', 'SELECT session_auth.permitted_resources(''ADMIN'', ''view'')', '{files/x}', '… of two layers'),
  ('chief', '{"{view:a}"}', 'SELECT concat_ws('' '', allowed::text, coalesce(via_role, ''-''), reason) FROM session_auth.explain_permission(''CHIEF'', ''view'', ''b'')', 'false - the current identity is narrowed to what does not cover "view" on "b"', 'explained'),
  ('chief', '{"{view:a}"}', 'SELECT allowed FROM session_auth.explain_permission(''CHIEF'', ''view'', ''a'')', 'true', '… what is left'),
  ('chief', '{"{view:a}"}', 'SELECT session_auth.has_permission(''view'', '''')', 'false', 'no resource'),
  ('chief', '{"{view:a}"}', 'SELECT session_auth.has_permission('''', ''a'')', 'false', 'no action'),
  ('chief', '{"{view:a}"}', 'SELECT session_auth.has_permission(''*'', ''a'')', 'false', 'a star is more than an action'),
  ('chief', '{"{view:a}"}', 'SELECT session_auth.has_permission(''view'', ''*'')', 'false', '… and than a resource'),
  ('chief', '{"{view:a:*}"}', 'SELECT session_auth.has_permission(''view'', ''a:*'')', 'true', 'a pattern that is asked for'),
  ('chief', '{"{view:a:*}"}', 'SELECT session_auth.has_permission(''view'', ''*'')', 'false', '… and a wider one'),
  ('chief', '{"{view:a:b:c/d}"}', 'SELECT session_auth.has_permission(''view'', ''a:b:c/d'')', 'true', 'it splits at its first colon'),
  ('chief', ARRAY['{view:' || repeat('long', 50) || '}'], 'SELECT session_auth.has_permission(''view'', repeat(''long'', 50))', 'true', 'a long name'),
  ('chief', ARRAY['{view:' || repeat('long', 50) || '}'], 'SELECT session_auth.has_permission(''view'', repeat(''long'', 49) || ''lonG'')', 'false', '… and another');
CREATE PROCEDURE public.run_cases(alice text, chief text) LANGUAGE plpgsql AS $$
DECLARE
  c cases;
BEGIN
  FOR i IN 1 .. (SELECT max(n) FROM cases) LOOP
    SELECT * INTO c FROM cases WHERE cases.n = i;
    c.answer := narrowed(CASE c.who WHEN 'alice' THEN alice ELSE chief END, c.layers, c.query);
    UPDATE cases SET answer = c.answer WHERE cases.n = i;
    COMMIT;
  END LOOP;
END $$;
CALL public.run_cases(:'alice', :'chief');
SELECT is(answer, expected, what) FROM cases ORDER BY n;

-- the rule, over random roles and layers
CREATE TABLE public.actions AS SELECT a AS action FROM unnest('{view,edit,*}'::text[]) a;
CREATE TABLE public.stored AS SELECT r AS resource FROM unnest('{a,b,a:,a:b,a:b:c,a/b,*,a:*,a:b:*,a/*,a:b/*,:*}'::text[]) r;
INSERT INTO stored SELECT 'a:b:' || repeat('long/', 4) || r FROM unnest(ARRAY['', '*', 'x']) r;
CREATE TABLE public.asked AS SELECT action, resource FROM actions, (SELECT resource FROM stored UNION SELECT unnest(ARRAY['a:bc', 'a:b:c:d', 'a/b/c', '**', 'x', 'a:b:' || repeat('long/', 4) || 'y'])) r;
CREATE TABLE public.answers (world int, action text, resource text, by_role boolean, narrowed boolean, of_role boolean, covered boolean, listed boolean);
CREATE FUNCTION public.covers(permission text, action text, resource text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT split_part(permission, ':', 1) IN ('*', action)
    AND (r IN ('*', resource) OR (right(r, 2) IN (':*', '/*') AND starts_with(resource, left(r, -1))))
  FROM (SELECT substr(permission, strpos(permission, ':') + 1)) p (r) $$;
CREATE PROCEDURE public.make_answers(worlds int) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  layers text[];
  layer text;
  key text;
BEGIN
  SELECT s.token INTO key FROM session_auth.create_session('walt') s;
  INSERT INTO session_auth.roles VALUES ('W');
  PERFORM session_auth.grant_role('walt', 'W');
  FOR current_world IN 1 .. worlds LOOP
    DELETE FROM session_auth.permissions WHERE role = 'W';
    INSERT INTO session_auth.permissions (role, action, resource, denied)
    SELECT 'W', action, resource, random() < 0.2 FROM (SELECT action, resource FROM actions, stored ORDER BY random() LIMIT 2 + (random() * 10)::int) p;
    layers := '{}';
    FOR i IN 1 .. 1 + (random() * 1.4)::int LOOP
      layers := layers || (SELECT coalesce(array_agg(action || ':' || resource), '{}')::text FROM (SELECT action, resource FROM actions, stored ORDER BY random() LIMIT (random() * 8)::int) p);
    END LOOP;
    COMMIT;
    PERFORM session_auth.authenticate(key);
    INSERT INTO answers (world, action, resource, by_role) SELECT current_world, action, resource, session_auth.has_permission(action, resource) FROM asked;
    FOREACH layer IN ARRAY layers LOOP
      PERFORM session_auth.narrow(layer::text[]);
    END LOOP;
    UPDATE answers a SET narrowed = session_auth.has_permission(a.action, a.resource), of_role = session_auth.has_permission('W', a.action, a.resource),
      covered = NOT EXISTS (SELECT FROM unnest(layers) l WHERE NOT EXISTS (SELECT FROM unnest(l::text[]) p WHERE covers(p, a.action, a.resource))),
      listed = a.resource = ANY (session_auth.permitted_resources('W', a.action))
    WHERE a.world = current_world;
    COMMIT;
  END LOOP;
END $$;
SET jit = off;
SELECT setseed(0.31);
CALL public.make_answers(150);
SELECT cmp_ok(count(*) FILTER (WHERE narrowed), '>', 300::bigint, 'some may still be done') FROM answers;
SELECT cmp_ok(count(*) FILTER (WHERE by_role AND NOT narrowed), '>', 300::bigint, '… and some not any more') FROM answers;
SELECT is(count(*) FILTER (WHERE narrowed <> (by_role AND covered)), 0::bigint, 'what it may do and what every layer covers') FROM answers;
SELECT is(count(*) FILTER (WHERE of_role <> narrowed), 0::bigint, '… for its role too') FROM answers;
SELECT is(count(*) FILTER (WHERE listed AND NOT narrowed), 0::bigint, 'nothing is listed beside') FROM answers WHERE action <> '*' AND resource <> '*';

-- arguments
\set VERBOSITY terse
SELECT throws_ok(format('SELECT session_auth.narrow(%L)', p), '22023', m, what) FROM (VALUES
  (NULL, 'invalid permissions', 'NULL'), ('{NULL}', 'invalid permissions', 'a NULL in it'), ('{view}', 'invalid permissions', 'no resource'), ('{:a}', 'invalid action', 'no action'), ('{view:}', 'invalid resource', 'an empty resource'),
  ('{!view:a}', 'invalid action', 'a denial'), ('{view:a*}', 'invalid resource', 'a star within a name'), ('{"view:a' || chr(10) || '*:*"}', 'invalid resource', 'a line feed'), (format('{view:%s}', repeat('x', 1025)), 'invalid resource', 'a long name'),
  ((SELECT array_agg('view:' || n)::text FROM generate_series(1, 5000) n), 'invalid permissions', 'very many')) a (p, m, what);
SELECT throws_ok('SELECT session_auth.create_session(''alice'', permissions => ''{view}'')', '22023', 'invalid permissions', '… of create_session');
BEGIN;
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
\set ON_ERROR_STOP off
DO $$ BEGIN FOR i IN 1 .. 100 LOOP PERFORM session_auth.narrow(ARRAY(SELECT 'view:' || i * 1000 + n FROM generate_series(1, 200) n)); END LOOP; END $$;
\set state :SQLSTATE
\set ON_ERROR_STOP on
ROLLBACK;
SELECT is(:'state'::text, '54000', 'layers without end');

-- sessions
SELECT token AS key, session_id AS key_id FROM session_auth.create_session('chief', expires_in => '1 year', metadata => '{"name": "nightly report"}', permissions => '{view:a,view:project:*}') \gset
SELECT is((SELECT permissions FROM session_auth.list_sessions('chief') WHERE metadata ->> 'name' = 'nightly report'), '{view:a,view:project:*}', 'list_sessions shows them');
SELECT is((SELECT count(*) FROM session_auth.list_sessions('chief') WHERE permissions IS NULL), 1::bigint, '… of others there are none');
BEGIN;
SET LOCAL ROLE sa_request;
SELECT FROM session_auth.authenticate(:'key') \g /dev/null
SELECT is((SELECT permissions FROM session_auth.my_sessions() WHERE current), '{view:a,view:project:*}', 'so does my_sessions');
SELECT is(session_auth.has_permission('view', 'project:1'), true, 'it may do what they say');
SELECT is(session_auth.has_permission('edit', 'project:1'), false, '… and no more');
ROLLBACK;
SELECT FROM session_auth.create_session(7::bigint, permissions => '{}') a, session_auth.create_session('6f2b0a55-6f2d-4c7e-9d59-53b0d6a4c0de'::uuid, permissions => '{view:a}') b \g /dev/null
SELECT is((SELECT permissions FROM session_auth.list_sessions(7::bigint)), '{}', 'user ids that are numbers');
SELECT is((SELECT permissions FROM session_auth.list_sessions('6f2b0a55-6f2d-4c7e-9d59-53b0d6a4c0de'::uuid)), '{view:a}', '… and uuids');
SELECT is(session_auth.expire_session(:'key_id'::uuid), true, 'it is revoked like any');
SELECT is((SELECT count(*) FROM session_auth.verify_session(:'key')), 0::bigint, '… and good for nothing then');

-- scopes
SELECT session_auth.add_key('scoped', 'HS256', 'a secret of more than thirty-two bytes', scope_claim => 'realm.scope') \g /dev/null
SELECT session_auth.grant_role('alice', 'CHIEF') \g /dev/null
CREATE TABLE public.scopes (n serial, claims jsonb, expected boolean, what text, answer boolean);
INSERT INTO scopes (claims, expected, what) VALUES
  ('{"realm": {"scope": "openid view:a"}}', true, 'words'), ('{"realm": {"scope": ["view:a", "email"]}}', true, 'an array'), ('{"realm": {"scope": "view:a"}}', true, 'one'), ('{"realm": {"scope": "*:*"}}', true, 'everything'), ('{"realm": {"scope": "view:*"}}', true, 'a wildcard'),
  ('{"realm": {"scope": "view:b openid view a"}}', false, 'others'), ('{"realm": {"scope": ""}}', false, 'no word'), ('{"realm": {"scope": []}}', false, 'an empty array'), ('{"realm": {"scope": null}}', false, 'null'), ('{}', false, 'none'), ('{"scope": "view:a"}', false, 'elsewhere'), ('{"realm": {"scope": "view: :a view:"}}', false, 'halves'),
  ('{"realm": {"scope": 1}}', NULL, 'a number'), ('{"realm": {"scope": {"view:a": true}}}', NULL, 'an object'), ('{"realm": {"scope": [["view:a"]]}}', NULL, 'an array of arrays');
CREATE PROCEDURE public.run_scopes() LANGUAGE plpgsql AS $$
DECLARE
  entered text;
BEGIN
  FOR i IN 1 .. (SELECT max(n) FROM scopes) LOOP
    SELECT a.user_id INTO entered FROM session_auth.authenticate(session_auth.issue_token('alice', '1 hour', (SELECT claims FROM scopes WHERE n = i), 'scoped'), on_refused => 'nobody') a;
    UPDATE scopes SET answer = CASE WHEN entered IS NOT NULL THEN session_auth.has_permission('view', 'a') END WHERE n = i;
    COMMIT;
  END LOOP;
END $$;
CALL public.run_scopes();
SELECT is(answer, expected, 'scopes: ' || what) FROM scopes ORDER BY n;
SELECT throws_ok('SELECT session_auth.add_authjs_secret(''a secret of Auth.js'', scope_claim => '''')', '22023', 'invalid scope_claim', 'an empty claim');
-- check_policies names what narrowing does not reach, where it is set up
CREATE TABLE public.own (owner text);
CREATE TABLE public.asks (owner text);
CREATE TABLE public.restricted (owner text);
CREATE TABLE public.hidden (owner text);
ALTER TABLE own ENABLE ROW LEVEL SECURITY;
ALTER TABLE asks ENABLE ROW LEVEL SECURITY;
ALTER TABLE restricted ENABLE ROW LEVEL SECURITY;
ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON own USING (owner = (SELECT session_auth.user_id()));
CREATE POLICY p ON asks USING (owner = (SELECT session_auth.user_id()) AND (SELECT session_auth.has_permission('view', 'asks')));
CREATE POLICY p ON restricted USING (owner = (SELECT session_auth.user_id()));
CREATE POLICY r ON restricted AS RESTRICTIVE USING (owner = ANY (session_auth.permitted_resources((SELECT session_auth.role()), 'view')));
CREATE POLICY p ON hidden USING (owner = (SELECT session_auth.user_id()));
GRANT SELECT ON own, asks, restricted TO sa_request;
CREATE FUNCTION public.unasked() RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(severity || ' ' || object, ', ' ORDER BY object) FROM session_auth.check_policies() WHERE problem LIKE 'it asks for no permission%' $$;
SELECT is(unasked(), 'warning policy p on public.own', 'a policy that asks for nothing');
SELECT session_auth.drop_key('scoped') \g /dev/null
SELECT session_auth.expire_user_sessions(u) FROM unnest('{alice,chief,7,6f2b0a55-6f2d-4c7e-9d59-53b0d6a4c0de}'::text[]) u \g /dev/null
SELECT is(unasked(), NULL, '… is as good as any where nobody is narrowed');
SELECT FROM session_auth.create_session('alice', permissions => '{}') \g /dev/null
SELECT is(unasked(), 'warning policy p on public.own', '… also by a session alone');
SELECT * FROM finish();
