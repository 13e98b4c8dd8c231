-- Attack: adopted tables whose owner is hostile: casts, domains, operators, triggers and
-- rules of their own, columns that change type or name, views in their place, a trigger
-- that is put on another's table, rows that name others' users, tokens and roles.
-- Holds: the extension reads rows without the application's code, only tables whose owner
-- agreed, and never gives more rights than a row says. test/t/adopt.t has Prisma's life.
-- Guards: src/sql/adopted_column.c; sql/parts/adopt*.sql,
-- agreed_arguments(), forget_source() and add_adopted_role().
SELECT plan(23);
CREATE TABLE calls (what text);
GRANT ALL ON calls TO PUBLIC;
GRANT CREATE ON SCHEMA public TO sa_owner;
GRANT USAGE ON SCHEMA session_auth TO sa_owner;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA session_auth TO sa_owner;
SELECT session_auth.create_role('ROOT') \g /dev/null
SELECT gen_random_uuid() AS t1, gen_random_uuid() AS t2, gen_random_uuid() AS t3, gen_random_uuid() AS t4 \gset
SET client_min_messages = error;

SET ROLE sa_owner;
CREATE FUNCTION public.trap(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.calls VALUES ($1 || ' as ' || current_user); RETURN true; END $$;
CREATE TYPE sly AS ENUM ('USER', 'ROOT');
CREATE FUNCTION public.sly_text(sly) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM public.trap('cast'); RETURN 'ROOT'; END $$;
CREATE CAST (sly AS text) WITH FUNCTION sly_text(sly) AS IMPLICIT;
CREATE DOMAIN sly_token AS text;
CREATE FUNCTION public.eq(sly, sly) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN public.trap('='); END $$;
CREATE OPERATOR public.= (LEFTARG = sly, RIGHTARG = sly, FUNCTION = eq);
CREATE TABLE logins (token sly_token, who text, until timestamp);
CREATE TABLE people (id text, role sly);
-- what the planner or a scan would evaluate with the rights of the one who reads
CREATE FUNCTION public.sly_check(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM set_config('test.ran', coalesce(current_setting('test.ran', true), '') || ' ' || current_user, false); RETURN true; END $$;
ALTER TABLE logins ADD CHECK (sly_check('x')), ADD CHECK (sly_check(who));
CREATE INDEX ON logins (who) WHERE sly_check(who);
CREATE STATISTICS sly_statistics ON (sly_check(who)), (sly_check(token)) FROM logins;
ALTER TABLE people ADD CHECK (sly_check('x')), ENABLE ROW LEVEL SECURITY;
CREATE POLICY sly ON people USING (sly_check(id));
SET constraint_exclusion = on;
INSERT INTO logins VALUES (:'t1', 'ann', '2100-01-01');
INSERT INTO people VALUES ('ann', 'USER');
SET search_path = public, pg_catalog;
SELECT is(session_auth.adopt_sessions('logins', 'token', 'who', 'until'), 1::bigint, 'the owner''s sessions are adopted');
SELECT is(session_auth.adopt_roles('people', 'id', 'role'), 1::bigint, 'and roles');
INSERT INTO people VALUES ('ben', 'USER');
UPDATE people SET role = 'USER';
RESET search_path;
SELECT is_empty('SELECT * FROM calls', 'no cast, domain or operator of the owner''s was called');
SELECT is((SELECT v.roles FROM session_auth.verify_session(:'t1') v), '{USER}'::text[], 'a label is what it says');

-- somebody else's table
RESET ROLE;
CREATE TABLE others (token text, who text, until timestamptz, role text);
INSERT INTO others VALUES (:'t2', 'eve', '2100-01-01', 'ROOT');
SET ROLE sa_owner;
SELECT throws_ok('SELECT session_auth.adopt_sessions(''others'', ''token'', ''who'', ''until'')', '42501', NULL, 'who does not own the table does not adopt it');
SELECT throws_ok('SELECT session_auth.take_over_sessions(''others'')', '42501', NULL, 'nor by the function behind it');
SELECT throws_ok('SELECT session_auth.take_over_roles(''others'')', '42501', NULL, '… nor roles');
SELECT is(session_auth.take_over_sessions('logins'), 0::bigint, 'nor is anything but what its owner agreed to taken over from one that is adopted');
SELECT throws_ok('SELECT session_auth.forget_source(''logins''::regclass, ''x'')', '42501', NULL, 'an adopted table is not forgotten behind its owner''s back');
RESET ROLE;
SELECT is((SELECT count(*) FROM session_auth.verify_session(:'t2')), 0::bigint, 'nothing of it was taken over');

-- what stands in the way
CREATE VIEW a_view AS SELECT * FROM others;
CREATE TEMP TABLE a_temp (token text, who text, until timestamptz);
SELECT throws_ok(format('SELECT session_auth.adopt_sessions(%L, ''token'', ''who'', ''until'')', t), '22023', 'invalid source', 'refused: ' || t) FROM unnest('{a_view,a_temp,session_auth.sessions,pg_catalog.pg_class}'::regclass[]) t;
-- another session's token in a row does not take that session over
SELECT session_id AS own FROM session_auth.create_session('frank', token => :'t3') \gset
SET ROLE sa_owner;
INSERT INTO logins VALUES (:'t4', 'ann', '2100-01-01');
RESET ROLE;
SELECT is((SELECT user_id FROM session_auth.verify_session(:'t4')), 'ann', 'a login');
-- the owner's own triggers cannot stop or change what is carried over
SET ROLE sa_owner;
CREATE FUNCTION public.meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.calls VALUES (TG_OP || ' as ' || current_user); RETURN NEW; END $$;
CREATE TRIGGER zzz AFTER INSERT ON logins FOR EACH ROW EXECUTE FUNCTION meddle();
INSERT INTO logins VALUES (gen_random_uuid(), 'gus', '2100-01-01');
SELECT is((SELECT string_agg(what, ';') FROM calls), 'INSERT as sa_owner', 'a trigger of the owner''s runs as the owner');
-- a column of another type, or none, is an error that names it, and no session
ALTER TABLE logins ALTER until TYPE text;
SELECT throws_ok(format('INSERT INTO logins VALUES (%L, ''ann'', ''2100-01-01'')', gen_random_uuid()), '42703', NULL, 'an expiry that is no timestamp');
ALTER TABLE logins RENAME until TO ends;
SELECT throws_ok(format('INSERT INTO logins VALUES (%L, ''ann'', ''2100-01-01'')', gen_random_uuid()), '42703', NULL, 'a column that is gone');
SELECT lives_ok('TRUNCATE logins, people', 'TRUNCATE works without its columns');
SELECT matches(current_setting('test.ran'), '^( sa_owner)+$', 'checks, indexes, statistics and policies of the owner ran as the owner alone');
RESET ROLE;
SELECT is((SELECT count(*) FROM session_auth.verify_session(:'t4')), 0::bigint, '… and ends its sessions');
SELECT is((SELECT count(*) FROM session_auth.verify_session(:'t3')), 1::bigint, '… not those created by hand');
DROP OWNED BY sa_owner CASCADE;
SELECT is((SELECT string_agg(user_id, ',') FROM session_auth.user_roles), NULL, 'dropping all that the owner has takes the roles along');

SELECT * FROM finish();
