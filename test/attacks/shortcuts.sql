-- Attack: filters in which the question for a column's resource is answered without the function: columns of
-- every kind and place, conditions before the question that change what may be done, or who asks, and after
-- it that tell of rows which nobody may see, a function that is not what it was. These conditions say that
-- they are stable, as a filter that says otherwise is left alone.
-- Holds: the same with and without session_auth.gate_policies and fold_filters. Guards: src/executor/column_filter.c.
SELECT plan(33);
\ir people.psql

SELECT session_auth.import_permissions('{"USER": ["view:project:*", "view:profile", "!view:project:13", "edit:profile"], "ADMIN": ["view:*", "!view:vault", "edit:project:7"]}') \g /dev/null
CREATE DOMAIN resource_name AS text;
CREATE TABLE many (gone int, id int PRIMARY KEY, resource text, short varchar(20), named resource_name, long text, packed text, fetched text);
ALTER TABLE many DROP COLUMN gone;
ALTER TABLE many ALTER packed SET STORAGE MAIN, ALTER fetched SET STORAGE EXTERNAL;
INSERT INTO many
SELECT n, r, left(r, 20), r, r || repeat('-', n % 40), r || CASE WHEN n % 50 = 0 THEN repeat('x', 6000) ELSE '' END, r || CASE WHEN n % 50 = 1 THEN repeat('y', 6000) ELSE '' END
FROM generate_series(1, 4000) n, LATERAL (SELECT (ARRAY['accounts', 'profile', 'project:' || n % 20, 'vault', '', NULL, 'project:'])[n % 7 + 1]) s (r);
ALTER TABLE many ADD late text DEFAULT 'project:7';
CREATE INDEX ON many (resource);
VACUUM ANALYZE many;
SELECT cmp_ok((SELECT count(*) FROM many WHERE pg_column_compression(packed) IS NOT NULL), '>', 0::bigint, 'some are packed');
SELECT cmp_ok((SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE oid = 'many'::regclass), '>', 0::bigint, 'some have to be fetched');
CREATE TABLE parts (resource text, id int) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (0) TO (2000);
CREATE TABLE part_2 (id int NOT NULL, gone int, resource text);
ALTER TABLE part_2 DROP COLUMN gone;
ALTER TABLE parts ATTACH PARTITION part_2 FOR VALUES FROM (2000) TO (5000);
INSERT INTO parts SELECT resource, id FROM many;
GRANT ALL ON many, parts TO sa_request;
ALTER TABLE many ENABLE ROW LEVEL SECURITY;
ALTER TABLE parts ENABLE ROW LEVEL SECURITY;

-- The ids that a query returns, as one text.
CREATE FUNCTION public.ids(gate boolean, token text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  found text;
BEGIN
  PERFORM enter(gate, token);
  EXECUTE format('SELECT count(*) || '' rows, '' || md5(string_agg(id::text, '','' ORDER BY id)) FROM (%s) q', query) INTO found;
  RESET ROLE;
  RETURN found;
END $$;
CREATE FUNCTION public.same(token text, condition text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  t text := CASE WHEN query LIKE '%parts%' THEN 'parts' ELSE 'many' END;
  plain text;
BEGIN
  EXECUTE format('DROP POLICY IF EXISTS p ON %s', t);
  EXECUTE format('CREATE POLICY p ON %s USING (%s)', t, condition);
  plain := ids(false, token, query);
  RETURN is(ids(true, token, query), plain, plain || ': ' || condition || ' in ' || query);
END $$;

BEGIN;
SELECT same(token, format('session_auth.has_permission(''view'', %s)', c), 'SELECT id FROM many')
FROM unnest('{resource,short,named,long,packed,fetched,late}'::text[]) c, unnest(ARRAY[:'alice', :'bob']) token;
SELECT same(:'bob', $$session_auth.has_permission(session_auth.role(), 'view', resource)$$, 'SELECT id FROM many');
SELECT same(:'bob', $$session_auth.has_permission('USER', 'view', resource)$$, 'SELECT id FROM many');
SELECT same(:'bob', $$session_auth.has_permission('NONE', 'view', resource)$$, 'SELECT id FROM many');
SELECT same(:'alice', $$session_auth.has_permission('edit', resource) OR id % 10 = 0$$, 'SELECT id FROM many');
SELECT same(:'alice', $$session_auth.has_permission('', resource)$$, 'SELECT id FROM many');
SELECT same(:'bob', $$session_auth.has_permission('view', resource) AND id % 3 = 0$$, 'SELECT id FROM many WHERE length(long) > 20');
SELECT same(:'alice', $$session_auth.has_permission('view', resource) AND session_auth.has_permission('edit', late)$$, 'SELECT id FROM many');
SELECT same(:'bob', $$session_auth.has_permission('view', resource)$$, 'SELECT id FROM parts');
SELECT same(:'bob', $$session_auth.has_permission('view', resource)$$, 'SELECT length(resource) AS id FROM many WHERE resource >= ''p'' ORDER BY resource');
SELECT same(:'bob', $$session_auth.has_permission('view', resource)$$, 'SELECT id FROM many WHERE ctid < ''(20,1)''');
COMMIT;

-- a condition before the question that takes the permission away, or the identity, from the row that it is asked for
CREATE SEQUENCE public.asked;
CREATE FUNCTION public.meddle(id int, change text) RETURNS boolean LANGUAGE plpgsql STABLE COST 0.0001 SECURITY DEFINER AS $$ BEGIN IF id = 1003 THEN EXECUTE change; END IF; RETURN true; END $$;
BEGIN;
SELECT same(:'bob', format('meddle(id, ''SELECT session_auth.deauthenticate()'') AND session_auth.has_permission(%s''view'', resource)', role), 'SELECT id FROM many')
FROM unnest(ARRAY['', 'session_auth.role(), ']) role;
ALTER FUNCTION meddle VOLATILE;
SELECT same(:'bob', $$meddle(id, 'SELECT session_auth.deauthenticate()') AND session_auth.has_permission(coalesce(session_auth.role(), 'NONE'), 'view', resource)$$, 'SELECT id FROM many');
ALTER FUNCTION meddle STABLE;
COMMIT;
CREATE FUNCTION public.before_denial(gate boolean, token text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  found text;
BEGIN
  found := ids(gate, token, 'SELECT id FROM many');
  RAISE EXCEPTION '%', found USING ERRCODE = 'UE001';
EXCEPTION WHEN SQLSTATE 'UE001' THEN
  RETURN SQLERRM;
END $$;
DROP POLICY IF EXISTS p ON many;
CREATE POLICY p ON many USING (meddle(id, $$SELECT session_auth.deny_permission('USER', 'view', 'project:3')$$) AND session_auth.has_permission('view', resource));
SELECT is(before_denial(true, :'bob'), before_denial(false, :'bob'), 'a denial in the midst of a row: ' || before_denial(true, :'bob'));

-- what is asked after it hears of permitted rows alone
CREATE FUNCTION public.tell(text) RETURNS boolean LANGUAGE plpgsql STABLE COST 0.0001 AS $$ BEGIN PERFORM nextval('asked'); RETURN true; END $$;
GRANT ALL ON SEQUENCE asked TO sa_request;
DROP POLICY p ON many;
CREATE POLICY p ON many USING (session_auth.has_permission('view', resource));
SELECT setval('asked', 1, false) \g /dev/null
SELECT ids(true, :'bob', 'SELECT id FROM many WHERE tell(resource)') AS told \gset
SELECT is((SELECT last_value || ' rows' FROM asked), split_part(:'told', ',', 1), 'a condition of the query is asked of permitted rows alone');

-- a function that is counted, or that somebody has changed
BEGIN;
SET LOCAL track_functions = 'all';
SELECT ids(true, :'bob', 'SELECT id FROM many') \g /dev/null
SELECT cmp_ok((SELECT calls FROM pg_stat_xact_user_functions WHERE funcid = 'session_auth.has_permission(text,text)'::regprocedure), '>', 1000::bigint, 'calls are counted where that is asked for');
COMMIT;
SET session_auth.guard_protection = off;
CREATE OR REPLACE FUNCTION session_auth.has_permission(action text, resource text) RETURNS boolean LANGUAGE sql STABLE STRICT AS 'SELECT resource = $$vault$$';
SELECT same(:'bob', $$session_auth.has_permission('view', resource)$$, 'SELECT id FROM many');
SELECT * FROM finish();
