-- Adopted tables that are partitioned: rows of every partition count, wherever they go,
-- and whichever command brings a partition or takes it away.
-- Siblings: adopt_sessions.sql, adopt_roles.sql; test/attacks/adoption_forms.sql.
SELECT plan(36);
\ir adoption.psql
SET client_min_messages = error;

CREATE FUNCTION public.roles_of(who text) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(string_agg(u.role, ' ' ORDER BY u.role), '') FROM session_auth.user_roles u WHERE u.user_id = who $$;
CREATE FUNCTION public.t(n int) RETURNS text LANGUAGE sql AS $$ SELECT 'k3Jd82mQpZx7Vb1nLr5TwYc9Hf0Gs4' || lpad(n::text, 2, '0') $$;

CREATE TABLE logins (token text, who text, until timestamptz) PARTITION BY RANGE (until);
CREATE TABLE logins_1 PARTITION OF logins FOR VALUES FROM ('2100-01-01') TO ('2101-01-01');
CREATE TABLE logins_2 PARTITION OF logins FOR VALUES FROM ('2101-01-01') TO ('2103-01-01') PARTITION BY RANGE (until);
CREATE TABLE logins_2a PARTITION OF logins_2 FOR VALUES FROM ('2101-01-01') TO ('2102-01-01');
INSERT INTO logins VALUES (t(1), 'u1', '2100-06-01'), (t(2), 'u2', '2101-06-01');
SELECT is(session_auth.adopt_sessions('logins', 'token', 'who', 'until'), 2::bigint, 'a partitioned table');
SELECT is(who(t(1)) || who(t(2)), 'u1u2', 'the rows of all its partitions');
INSERT INTO logins VALUES (t(3), 'u3', '2100-07-01');
INSERT INTO logins_2a VALUES (t(4), 'u4', '2101-07-01');
SELECT is(who(t(3)) || who(t(4)), 'u3u4', 'a login through the parent, and one into a partition');
DELETE FROM logins WHERE who = 'u3';
SELECT is(who(t(3)), 'nobody', 'a logout');
SELECT is((SELECT count(DISTINCT substr(session_id::text, 1, 8)) FROM session_auth.sessions), 1::bigint, 'all come from one source');
SELECT is((SELECT source::text || carried FROM session_auth.list_adoptions()), 'logins3', 'which is listed once');
SELECT is_empty($$SELECT * FROM session_auth.check_policies() WHERE object LIKE '%session_auth_adopt%'$$, 'check_policies finds all its triggers fire always');

-- a row goes over to another partition
SELECT session_id AS s1 FROM session_auth.verify_session(t(1)) \gset
UPDATE logins SET until = '2101-06-02' WHERE who = 'u1';
SELECT is((SELECT session_id || ' ' || expires_at::date FROM session_auth.verify_session(t(1))), :'s1' || ' 2101-06-02', 'a row that goes over to another partition keeps its session');
UPDATE logins SET until = '2100-06-02', token = t(5) WHERE who = 'u1';
SELECT is(who(t(1)) || who(t(5)), 'nobodyu1', 'with another token at once, the old one opens nothing');
CREATE FUNCTION public.keep_out() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER keep_out BEFORE INSERT ON logins_2a FOR EACH ROW EXECUTE FUNCTION keep_out();
UPDATE logins SET until = '2101-06-02' WHERE who = 'u1';
SELECT is((SELECT count(*) FROM logins WHERE who = 'u1') || who(t(5)), '0nobody', 'one that does not arrive there opens nothing');
DROP TRIGGER keep_out ON logins_2a;

-- TRUNCATE
INSERT INTO logins VALUES (t(6), 'u6', '2100-07-01');
TRUNCATE logins_1;
SELECT is(who(t(6)) || who(t(4)), 'nobodyu4', 'TRUNCATE of one partition ends its sessions alone');
TRUNCATE logins_2;
SELECT is(who(t(2)) || who(t(4)), 'nobodynobody', 'of one with partitions, theirs');

-- partitions that come
CREATE TABLE logins_2b PARTITION OF logins_2 FOR VALUES FROM ('2102-01-01') TO ('2103-01-01');
INSERT INTO logins VALUES (t(7), 'u7', '2102-07-01');
SELECT is(who(t(7)), 'u7', 'a partition that is created');
TRUNCATE logins_2b;
SELECT is(who(t(7)), 'nobody', 'tells when it is emptied');
CREATE TABLE coming (token text, who text, until timestamptz);
INSERT INTO coming VALUES (t(8), 'u8', '2103-07-01');
SELECT is(who(t(8)), 'nobody', 'a table');
ALTER TABLE logins ATTACH PARTITION coming FOR VALUES FROM ('2103-01-01') TO ('2104-01-01');
SELECT is(who(t(8)), 'u8', 'that is attached brings its rows');
SELECT is_empty($$SELECT * FROM session_auth.check_policies() WHERE object LIKE '%session_auth_adopt%'$$, 'the triggers of new partitions fire always too');
ALTER TABLE logins DETACH PARTITION coming;
SELECT is(who(t(8)), 'nobody', 'and takes them along when it is detached');
ALTER TABLE logins ATTACH PARTITION coming FOR VALUES FROM ('2103-01-01') TO ('2104-01-01');
SELECT is(who(t(8)), 'nobody', 'what has ended stays ended');
UPDATE coming SET token = t(9);
SELECT is(who(t(9)), 'u8', 'until it has another token');
DROP TABLE coming;
SELECT is(who(t(9)), 'nobody', 'a partition that is dropped ends its sessions');
SELECT is((SELECT source::text FROM session_auth.list_adoptions()), 'logins', 'the others go on');
CREATE EXTENSION postgres_fdw;
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;
SELECT throws_ok($$CREATE FOREIGN TABLE far_away PARTITION OF logins FOR VALUES FROM ('2105-01-01') TO ('2106-01-01') SERVER far$$, '22023', 'invalid source', 'a foreign partition is refused');

INSERT INTO logins VALUES (t(10), 'u10', '2100-07-01');
SELECT session_auth.abandon('logins') \g /dev/null
SELECT is(who(t(10)) || (SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'session\_auth\_adopt%'), 'nobody0', 'abandon leaves no trigger on any partition');
SELECT is(session_auth.adopt_sessions('logins', 'token', 'who', 'until'), 1::bigint, 'it can be adopted again');
SELECT lives_ok($$SELECT session_auth.adopt_sessions('logins', 'token', 'who', 'until', signed_only => true)$$, 'and with other options');
SELECT throws_ok($$SELECT session_auth.adopt_sessions('logins_1', 'token', 'who', 'until')$$, '22023', 'invalid source', 'a partition of what is adopted is refused');
SELECT session_auth.abandon('logins') \g /dev/null
SELECT session_auth.adopt_sessions('logins_2', 'token', 'who', 'until') \g /dev/null
SELECT throws_ok($$SELECT session_auth.adopt_sessions('logins', 'token', 'who', 'until')$$, '22023', 'invalid source', 'so is a table of which a partition is adopted');
INSERT INTO logins VALUES (t(11), 'u11', '2101-07-01');
SELECT is(who(t(11)), 'u11', 'a partition alone follows its rows');
SELECT session_auth.abandon('logins_2') \g /dev/null
SELECT session_auth.adopt_sessions('logins', 'token', 'who', 'until') \g /dev/null
SELECT is((SELECT string_agg(source::text, ',') FROM session_auth.list_adoptions()), 'logins', 'abandoned, it can be adopted as a whole');
DROP TABLE logins;
SELECT is_empty('SELECT * FROM session_auth.sessions WHERE ended_at IS NULL', 'dropping it ends all');

-- roles
CREATE TABLE people (id int, role text) PARTITION BY LIST (role);
CREATE TABLE admins PARTITION OF people FOR VALUES IN ('ADMIN');
CREATE TABLE others PARTITION OF people DEFAULT;
INSERT INTO people VALUES (1, 'ADMIN'), (1, 'USER');
SELECT is(session_auth.adopt_roles('people', 'id', 'role'), 2::bigint, 'roles in partitions');
UPDATE people SET role = 'EDITOR' WHERE role = 'ADMIN';
SELECT is(roles_of('1'), 'EDITOR USER', 'a role in another partition');
INSERT INTO people VALUES (1, 'ADMIN'), (2, 'ADMIN');
TRUNCATE admins;
SELECT is(roles_of('1') || '/' || roles_of('2'), 'EDITOR USER/', 'TRUNCATE of one partition');
ALTER TABLE people DETACH PARTITION others;
SELECT is(roles_of('1'), '', 'one that is detached takes its roles along');
DROP EXTENSION session_auth;
SELECT is((SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal), 0::bigint, 'DROP EXTENSION takes all triggers along');

SELECT * FROM finish();
