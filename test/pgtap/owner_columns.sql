-- Owner and tenant columns of every type: only an id that the type prints as it is
-- written has rows, any other has none and raises nothing, and an index serves.
-- Siblings: test/attacks/other_spellings.sql, test/pgtap/policies.sql.
SELECT plan(64);

CREATE EXTENSION citext;
CREATE TYPE public.team AS ENUM ('red', 'Blue', '7');
CREATE DOMAIN public.short_text AS varchar(20);
CREATE DOMAIN public.user_number AS integer CHECK (VALUE > 0);
CREATE DOMAIN public.user_name AS public.short_text NOT NULL;
CREATE DOMAIN public.soft_case AS citext;
CREATE COLLATION public.any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT session_auth.import_permissions('{"USER": ["*:rows"]}') \g /dev/null

-- one table of each type: the owner's id, and the ids that are near it
CREATE TABLE public.kinds (kind text, column_type text, id text, near text[]);
INSERT INTO kinds VALUES
  ('small', 'smallint', '7', '{007,-0,+7,"7 "," 7",7.0,70000,0x7,7e0,seven}'),
  ('int', 'integer', '7', '{007,+7,7.0,3000000000,-99999999999999999999}'),
  ('zero', 'integer', '0', '{-0,00,+0}'),
  ('negative', 'integer', '-7', '{-07,--7,7-,-}'),
  ('big', 'bigint', '9223372036854775807', '{09223372036854775807,9223372036854775808,-9223372036854775808,99999999999999999999999}'),
  ('number', 'numeric', '5', '{5.0,05,+5,5.,5e0,NaN,Infinity,-0,.5}'),
  ('scaled', 'numeric(10,2)', '5.00', '{5,5.0,5.000,05.00}'),
  ('id', 'uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11,"{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",a0eebc999c0b4ef8bb6d6bb9bd380a11,a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11a,alice}'),
  ('plain', 'text', 'alice', '{ALICE,Alice,"alice "," alice",alicé}'),
  ('limited', 'varchar(20)', 'abcdefghijklmnopqrst', '{abcdefghijklmnopqrstu,abcdefghijklmnopqrs,"abcdefghijklmnopqrst "}'),
  ('padded', 'char(8)', 'alice', '{"alice   ","alice ",ALICE}'),
  ('nodename', 'name', repeat('n', 63), ARRAY[repeat('n', 64), repeat('n', 62), repeat('N', 63)]),
  ('cased', 'citext', 'alice', '{ALICE,Alice,aLice}'),
  ('cased_domain', 'soft_case', 'alice', '{ALICE,"alice "}'),
  ('collated', 'text COLLATE any_case', 'alice', '{ALICE,Alice}'),
  ('member', 'team', 'red', '{RED,Red,"red ",redd,blue,purple}'),
  ('digit', 'team', '7', '{07,+7}'),
  ('domain_text', 'short_text', 'abcdefghijklmnopqrst', '{abcdefghijklmnopqrstuvw,ABCDEFGHIJKLMNOPQRST}'),
  ('domain_domain', 'user_name', 'alice', '{ALICE,"alice "}'),
  ('domain_number', 'user_number', '7', '{007,0,-7,x}');

-- Whose rows somebody sees, over whatever plan the planner takes.
CREATE FUNCTION public.seen_by(kind text, id text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
BEGIN
  PERFORM session_auth.impersonate(id, '{USER}');
  SET LOCAL ROLE sa_request;
  EXECUTE format('SELECT count(*) FROM rows_%s', kind) INTO n;
  RESET ROLE;
  PERFORM session_auth.deauthenticate();
  RETURN n;
END $$;
CREATE FUNCTION public.plan_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
  plan text := '';
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP
    plan := plan || line || E'\n';
  END LOOP;
  RETURN plan;
END $$;
CREATE FUNCTION public.set_up(kind text, column_type text, id text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TABLE public.rows_%s (id int, owner %s)', kind, column_type);
  EXECUTE format('INSERT INTO rows_%s VALUES (1, %L)', kind, id);
  EXECUTE format('CREATE INDEX ON rows_%s (owner)', kind);
  EXECUTE format('GRANT ALL ON rows_%s TO sa_request', kind);
  PERFORM session_auth.protect_table(format('rows_%s', kind)::regclass, 'rows', 'owner');
END $$;
SELECT set_up(kind, column_type, id) FROM kinds \g /dev/null

BEGIN;
SELECT is(seen_by(kind, id), 1::bigint, column_type || ': the owner has the row') FROM kinds;
SELECT is((SELECT string_agg(n || ' has ' || seen_by(kind, n), ', ') FROM unnest(near) n WHERE seen_by(kind, n) <> 0), NULL, column_type || ': nobody near has it, and nothing is raised') FROM kinds;
COMMIT;

-- an index serves, whatever the column is
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET ROLE sa_request;
SELECT matches(public.plan_of(format('SELECT * FROM public.rows_%s', kind)), 'Index Cond:[^\n]*owner[^\n]*\$|Index Cond:[^\n]*owner[^\n]*InitPlan', column_type || ': by its index')
  FROM (VALUES ('small', 'smallint'), ('int', 'integer'), ('big', 'bigint'), ('number', 'numeric'), ('id', 'uuid'), ('plain', 'text'), ('limited', 'varchar(20)'), ('padded', 'char(8)'), ('nodename', 'name'), ('cased', 'citext'), ('collated', 'text with a collation'), ('member', 'an enum'), ('domain_text', 'a domain')) v (kind, column_type);
RESET ROLE;
RESET enable_seqscan;
RESET enable_bitmapscan;

-- equal for the type, and another text: each has its own
INSERT INTO rows_number VALUES (2, 5.0);
INSERT INTO rows_cased VALUES (2, 'ALICE');
BEGIN;
SELECT is(ARRAY[seen_by('number', '5'), seen_by('number', '5.0'), seen_by('cased', 'alice'), seen_by('cased', 'ALICE'), seen_by('cased', 'Alice')], '{1,1,1,1,0}', 'values that are equal and print differently have an owner each');
COMMIT;

-- nobody gives a row to somebody who is near
BEGIN;
SELECT session_auth.impersonate('ALICE', '{USER}') \g /dev/null
SET LOCAL ROLE sa_request;
SELECT throws_ok($$INSERT INTO rows_cased VALUES (3, 'alice')$$, '42501', 'new row violates row-level security policy for table "rows_cased"', 'what one may not see one may not write');
ROLLBACK;

-- tenants are compared likewise
CREATE TABLE public.rows_of_tenant (id int, tenant bigint);
INSERT INTO rows_of_tenant VALUES (1, 7);
SELECT session_auth.protect_table('rows_of_tenant', 'rows', tenant_column => 'tenant') \g /dev/null
GRANT SELECT ON rows_of_tenant TO sa_request;
SELECT session_auth.grant_role('ten', 'USER') \g /dev/null
SELECT token AS ten FROM session_auth.create_session('ten') \gset
CREATE FUNCTION public.seen_in(token text, tenant text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
BEGIN
  PERFORM session_auth.authenticate(token, tenant => tenant);
  SET LOCAL ROLE sa_request;
  SELECT count(*) INTO n FROM rows_of_tenant;
  RESET ROLE;
  RETURN n;
END $$;
BEGIN;
SELECT is(ARRAY(SELECT seen_in(:'ten', t) FROM unnest('{7,007,+7,x}'::text[]) t), '{1,0,0,0}', 'a tenant is who its column prints');
COMMIT;

-- what cannot be compared so is refused, with a way out
CREATE TABLE public.odd (a bytea, b timestamptz, c double precision, d jsonb, e text[], f inet, g kinds);
SELECT throws_ok(format('SELECT session_auth.protect_table(''odd'', ''rows'', %L)', c), '22023', 'invalid owner_column', 'refused: column ' || c)
  FROM unnest('{a,b,c,d,e,f,g}'::text[]) c;
SELECT throws_ok('SELECT session_auth.user_id_as(NULL::jsonb) FROM session_auth.impersonate(''7'', ''{USER}'')', '22023', NULL, 'user_id_as of another type');

SELECT * FROM finish();
