-- adopt_roles: several rows of one user, roles of one organization, roles in one text.
-- Siblings: adopt.sql (one row a user), adopt_partitions.sql; test/t/adopt.t has what
-- needs two connections; test/attacks/adoption_forms.sql.
SELECT plan(58);
\ir adoption.psql

CREATE FUNCTION public.roles_of(who text) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(string_agg(u.role || coalesce('@' || u.tenant, ''), ' ' ORDER BY u.role, u.tenant), '') FROM session_auth.user_roles u WHERE u.user_id = who $$;
CREATE FUNCTION public.holders() RETURNS text LANGUAGE sql AS $$ SELECT coalesce(string_agg(a.holders::text, ' ' ORDER BY a.grant_id), '') FROM session_auth.adopted_roles a $$;
CREATE FUNCTION public.lives(token text) RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM session_auth.verify_session(token) $$;

-- a join table: shared/cases/join_table_roles.sql
CREATE TABLE join_roles (user_id text, role text, PRIMARY KEY (user_id, role));
INSERT INTO join_roles VALUES ('u1', 'ADMIN'), ('u1', 'EDITOR');
SELECT is(session_auth.adopt_roles('join_roles', 'user_id', 'role'), 2::bigint, 'a row for each user and role');
SELECT token AS t FROM session_auth.create_session('u1') \gset
SELECT is(roles_of('u1'), 'ADMIN EDITOR', 'several rows are several roles');
UPDATE join_roles SET role = 'AUDITOR' WHERE role = 'EDITOR';
SELECT is(roles_of('u1'), 'ADMIN AUDITOR', 'a row that changes takes its own along');
DELETE FROM join_roles WHERE role = 'AUDITOR';
SELECT is(roles_of('u1'), 'ADMIN', 'one that is deleted too');
SELECT is(lives(:'t'), 1::bigint, 'and no session ends');
UPDATE join_roles SET user_id = 'u2';
SELECT is(roles_of('u1') || '/' || roles_of('u2'), '/ADMIN', 'a row that goes over to another user');
SELECT is(lives(:'t'), 1::bigint, 'ends no session either');
SELECT session_auth.grant_role('u2', 'EDITOR'), session_auth.grant_role('u3', 'ADMIN') \g /dev/null
INSERT INTO join_roles VALUES ('u3', 'ADMIN'), ('u3', 'AUDITOR');
TRUNCATE join_roles;
SELECT is(roles_of('u2') || '/' || roles_of('u3'), 'EDITOR/ADMIN', 'TRUNCATE takes what came from the table, and nothing that was granted by hand');
SELECT session_auth.abandon('join_roles') \g /dev/null
ALTER TABLE join_roles DROP CONSTRAINT join_roles_pkey;
CREATE UNIQUE INDEX ON join_roles (user_id) WHERE role = 'OWNER';
INSERT INTO join_roles VALUES ('u1', 'ADMIN'), ('u1', 'ADMIN'), ('u1', 'EDITOR'), ('u4', 'ADMIN');
SELECT is(session_auth.adopt_roles('join_roles', 'user_id', 'role'), 3::bigint, 'two rows that say the same are one grant');
SELECT is(holders(), '2 1 1', 'of two holders');
DELETE FROM join_roles WHERE ctid = (SELECT min(ctid) FROM join_roles WHERE role = 'ADMIN' AND user_id = 'u1');
SELECT is(roles_of('u1'), 'ADMIN EDITOR', 'the first that goes leaves it');
INSERT INTO join_roles VALUES ('u1', 'ADMIN');
UPDATE join_roles SET role = lower(role) WHERE role = 'ADMIN' AND user_id = 'u1' AND ctid = (SELECT max(ctid) FROM join_roles);
SELECT is(roles_of('u1'), 'ADMIN EDITOR admin', 'so does the first that changes');
DELETE FROM join_roles WHERE user_id = 'u1' AND role IN ('ADMIN', 'admin');
SELECT is(roles_of('u1'), 'EDITOR', 'and the last takes it');
SELECT is(lives(:'t'), 1::bigint, 'a partial index makes no user unique');
SELECT is((SELECT row(kind, user_column, role_column, options, carried)::text FROM session_auth.list_adoptions()), '(roles,user_id,role,{},2)', 'list_adoptions tells of it');

-- adopted again: counts follow what happened without triggers
ALTER TABLE join_roles DISABLE TRIGGER USER;
INSERT INTO join_roles VALUES ('u4', 'ADMIN'), ('u4', 'ADMIN');
DELETE FROM join_roles WHERE user_id = 'u1';
ALTER TABLE join_roles ENABLE ALWAYS TRIGGER session_auth_adopt_roles;
ALTER TABLE join_roles ENABLE ALWAYS TRIGGER session_auth_adopt_roles_truncate;
SELECT is(session_auth.adopt_roles('join_roles', 'user_id', 'role'), 0::bigint, 'adopting again');
SELECT is(holders() || roles_of('u1'), '3', 'counts anew');
BEGIN;
DELETE FROM join_roles;
SELECT is(roles_of('u4'), '', 'three rows go');
ROLLBACK;
SELECT is(roles_of('u4') || holders(), 'ADMIN3', 'and come back with a rollback');
SELECT session_auth.revoke_role('u4', 'ADMIN') \g /dev/null
DELETE FROM join_roles WHERE user_id = 'u4';
SELECT is(roles_of('u4'), '', 'what was revoked by hand is not missed');
SELECT session_auth.abandon('join_roles') \g /dev/null

-- the role granted first, which role() is: that of the first row, and in it the first name
CREATE FUNCTION public.roles_in_order(who text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(u.role, ' ' ORDER BY u.grant_id) FROM session_auth.user_roles u WHERE u.user_id = who $$;
CREATE TABLE in_order (user_id text, role text);
INSERT INTO in_order SELECT u, 'R' || r FROM unnest('{u5,u6}'::text[]) u, generate_series(9, 1, -1) r;
INSERT INTO in_order VALUES ('u5', 'R1'), ('u6', 'R9,first,last'), ('u7', 'last,first');
SELECT session_auth.adopt_roles('in_order', 'user_id', 'role', separator => ',') \g /dev/null
SELECT is(roles_in_order('u5'), 'R9 R8 R7 R6 R5 R4 R3 R2 R1', 'roles of several rows are granted in their order');
SELECT is(roles_in_order('u6'), 'R9 R8 R7 R6 R5 R4 R3 R2 R1 first last', 'and those of one row in its order, after those that were there before');
SELECT is(roles_in_order('u7'), 'last first', 'whatever order other rows have');
SELECT is((SELECT role FROM session_auth.verify_session((session_auth.create_session('u5')).token)), 'R9', 'role() is the first of them');
SELECT session_auth.abandon('in_order') \g /dev/null

-- two sources and several rows
CREATE TABLE a (id int, role text);
CREATE TABLE b (id int, role text);
INSERT INTO a VALUES (1, 'X'), (1, 'X');
INSERT INTO b VALUES (1, 'X'), (1, 'X');
SELECT is(session_auth.adopt_roles('a', 'id', 'role') + session_auth.adopt_roles('b', 'id', 'role'), 1::bigint, 'one grant from two tables');
SELECT is(holders(), '2 2', 'each counts its own rows');
DELETE FROM a;
SELECT is(roles_of('1') || holders(), 'X2', 'one may go');
SELECT session_auth.abandon('b') \g /dev/null
SELECT is(roles_of('1'), '', 'and the other');
SELECT session_auth.abandon('a') \g /dev/null

-- organizations: better-auth's member table
CREATE TABLE "user" (id text PRIMARY KEY);
CREATE TABLE organization (id text PRIMARY KEY);
INSERT INTO "user" VALUES ('ann'), ('ben');
INSERT INTO organization VALUES ('acme'), ('other');
CREATE TABLE member (id text PRIMARY KEY, "organizationId" text REFERENCES organization, "userId" text NOT NULL REFERENCES "user" ON DELETE CASCADE, role text NOT NULL, "createdAt" timestamptz);
INSERT INTO member VALUES ('m1', 'acme', 'ann', 'owner'), ('m2', 'other', 'ann', 'member'), ('m3', 'other', 'ben', 'owner');
SELECT is(detail_of($$SELECT session_auth.adopt_roles('member', 'userId', 'role')$$), 'invalid tenant_column: Column "userId" is not unique by itself, and another may say where a role holds: "organizationId". Give it as tenant_column, or say everywhere => true.', 'roles of an organization are not taken for roles everywhere');
SELECT is(session_auth.adopt_roles('member', 'userId', 'role', tenant_column => 'organizationId'), 3::bigint, 'tenant_column');
SELECT is(roles_of('ann') || '/' || roles_of('ben'), 'member@other owner@acme/owner@other', 'each holds where its row says');
SELECT token AS t FROM session_auth.create_session('ann') \gset
SELECT is((SELECT roles FROM session_auth.verify_session(:'t', 'other')), '{member}', 'an owner of one is none of the other');
SELECT is((SELECT roles FROM session_auth.verify_session(:'t')), '{}', 'and nothing where no tenant is asked for');
UPDATE member SET role = 'owner' WHERE id = 'm2';
SELECT is(roles_of('ann'), 'owner@acme owner@other', 'a promotion');
UPDATE member SET "organizationId" = 'acme' WHERE id = 'm2';
SELECT is(roles_of('ann') || '/' || holders(), 'owner@acme/2 1', 'a row that goes over to another organization');
DELETE FROM member WHERE id = 'm1';
SELECT is(roles_of('ann'), 'owner@acme', 'each takes its own');
DELETE FROM member WHERE id = 'm2';
SELECT is(roles_of('ann') || lives(:'t'), '1', 'and ends no session');
INSERT INTO member VALUES ('m4', NULL, 'ann', 'owner');
SELECT is(roles_of('ann'), '', 'without an organization a role holds nowhere');
UPDATE member SET "organizationId" = 'acme' WHERE id = 'm4';
SELECT is(roles_of('ann'), 'owner@acme', 'until it has one');
UPDATE member SET "organizationId" = NULL WHERE id = 'm4';
SELECT is(roles_of('ann'), '', 'and no longer');
SELECT is(session_auth.adopt_roles('member', 'userId', 'role', tenant_column => 'organizationId', everywhere => true), 1::bigint, 'with everywhere => true as well');
SELECT is(roles_of('ann') || '/' || roles_of('ben'), 'owner/owner@other', 'a row without an organization holds everywhere');
SELECT is(session_auth.adopt_roles('member', 'userId', 'role', everywhere => true), 1::bigint, 'everywhere => true alone');
SELECT is(roles_of('ann') || '/' || roles_of('ben'), 'owner/owner', 'makes all hold everywhere, and the grants from before go');
SELECT session_auth.abandon('member') \g /dev/null

-- which columns make it ask
CREATE TABLE places (id int, role text, x int);
SELECT lives_ok($$SELECT session_auth.adopt_roles('places', 'id', 'role')$$, 'a column of any other name does not make it ask');
SELECT session_auth.abandon('places') \g /dev/null
DO $$ DECLARE c text; BEGIN
  FOREACH c IN ARRAY '{team,"teamId",tenant_id,ORGANISATION,workspace,project_key,org_id,"orgId",org}'::text[] LOOP
    EXECUTE format('ALTER TABLE places ADD %I text', c);
    BEGIN
      PERFORM session_auth.adopt_roles('places', 'id', 'role');
      RAISE 'column % passed', c;
    EXCEPTION WHEN invalid_parameter_value THEN
      EXECUTE format('ALTER TABLE places DROP %I', c);
    END;
  END LOOP;
END $$;
SELECT pass('names of organizations, tenants, teams, workspaces and projects do');
ALTER TABLE places ADD team text, ADD UNIQUE (id);
SELECT lives_ok($$SELECT session_auth.adopt_roles('places', 'id', 'role')$$, 'not where a user has one row');
SELECT session_auth.abandon('places') \g /dev/null

-- roles in one text
CREATE TABLE listed (id text PRIMARY KEY, role text);
INSERT INTO listed VALUES ('l1', 'admin,user'), ('l2', ' user , ,admin, user'), ('l3', ''), ('l4', 'org:admin');
SELECT is(session_auth.adopt_roles('listed', 'id', 'role', separator => ','), 5::bigint, 'separator');
SELECT is(concat_ws('/', roles_of('l1'), roles_of('l2'), roles_of('l3'), roles_of('l4')), 'admin user/admin user//org:admin', 'one text is several roles; spaces and empty ones do not count, a colon does');
UPDATE listed SET role = 'user' WHERE id = 'l1';
SELECT is(roles_of('l1'), 'user', 'a part that goes');
UPDATE listed SET role = role || ',' || role;
SELECT is(roles_of('l1') || holders(), 'user1 1 1 1', 'a part that is said twice counts once');
SELECT token AS t FROM session_auth.create_session('l1') \gset
DELETE FROM listed WHERE id = 'l1';
SELECT is(lives(:'t'), 0::bigint, 'where a user has one row, its end is the user''s');
INSERT INTO listed VALUES ('l1', 'user');
SELECT token AS t FROM session_auth.create_session('l1') \gset
ALTER TABLE listed DROP CONSTRAINT listed_pkey;
DELETE FROM listed WHERE id = 'l1';
SELECT is(lives(:'t') || roles_of('l1'), '1', 'no longer, once it could have several');
SELECT session_auth.abandon('listed') \g /dev/null
SELECT is(session_auth.adopt_roles('listed', 'id', 'role', separator => '; '), 3::bigint, 'a separator of two characters');

-- what is refused
SELECT is(split_part(detail_of(format('SELECT session_auth.adopt_roles(%L, %L, %L, %s)', source, id, role, more)), ':', 1), message, 'refused: ' || more)
FROM (VALUES
  ('listed', 'id', 'role', 'separator => ''''', 'invalid separator'),
  ('member', 'userId', 'role', 'tenant_column => ''organization''', 'invalid tenant_column'),
  ('member', 'userId', 'role', 'tenant_column => ''createdAt''', 'invalid tenant_column'),
  ('member', 'userId', 'role', 'everywhere => NULL', 'invalid tenant_column')
) v (source, id, role, more, message);

SELECT * FROM finish();
