-- Accident and attack: a sign-out that silently ends nothing, as a driver sends the id as
-- text, or that ends what its caller does not hold: a session_id as a token, ids in other
-- spellings, a token that looks like an id, somebody else's session by sign_out.
-- Holds: both overloads end what they name, once; a session_id opens nothing, and only
-- issuers and admins may end by it. Guards: src/sql/sql_session_end.c, expire_by_text_id();
-- src/verify/session.c, may_end().
-- Also: test/pgtap/sessions.sql, test/specs/purge_refresh.spec, test/specs/session_limit.spec,
-- test/specs/expire_authenticate.spec.
SELECT plan(27);
\ir people.psql
CREATE FUNCTION public.alive(id uuid) RETURNS boolean LANGUAGE sql AS $$ SELECT EXISTS (SELECT FROM session_auth.sessions s WHERE s.session_id = id AND s.ended_at IS NULL) $$;
SELECT array_agg(s.session_id) AS ids, array_agg(s.token) AS tokens FROM generate_series(1, 8) i, LATERAL session_auth.create_session('carol' || left(i::text, 0)) s \gset
PREPARE by_text(text) AS SELECT session_auth.expire_session($1);
PREPARE by_uuid(uuid) AS SELECT session_auth.expire_session($1);
CREATE FUNCTION public.ended(statement text) RETURNS boolean LANGUAGE plpgsql AS $$ DECLARE r boolean; BEGIN EXECUTE statement INTO r; RETURN r; END $$;
SET ROLE sa_issuer;
SELECT is(ended(format('EXECUTE by_text(%L)', (:'ids'::uuid[])[1])), true, 'an id sent as text ends its session');
SELECT is(ended(format('EXECUTE by_text(%L)', (:'ids'::uuid[])[1])), false, '… once');
SELECT is(ended(format('EXECUTE by_uuid(%L)', (:'ids'::uuid[])[2])), true, 'an id as a uuid');
SELECT is(ended(format('EXECUTE by_text(%L)', (:'tokens'::text[])[3])), true, 'a token');
SELECT is(ended(format('EXECUTE by_text(%L)', upper((:'ids'::uuid[])[4]::text))), true, 'an id in capitals');
SELECT is(ended(format('SELECT session_auth.expire_session(session_id => %L)', (:'ids'::uuid[])[5])), true, 'by name: session_id');
SELECT is(ended(format('SELECT session_auth.expire_session(token => %L)', (:'tokens'::text[])[6])), true, 'by name: token');
SELECT is(ended(format('EXECUTE by_text(%L)', what)), false, 'nothing ends by ' || coalesce(left(what, 50), 'NULL')) FROM unnest(ARRAY[NULL, '', ' ' || (:'ids'::uuid[])[7], '{' || (:'ids'::uuid[])[7] || '}', replace((:'ids'::uuid[])[7]::text, '-', ''), gen_random_uuid()::text, (:'ids'::uuid[])[7] || E'\n', (:'ids'::uuid[])[7] || ''' OR ''1''=''1']) what;
SELECT is(ended('SELECT session_auth.expire_session(NULL::uuid)'), false, 'nor by NULL as a uuid');
RESET ROLE;
SELECT is((SELECT array_agg(alive(id) ORDER BY n) FROM unnest(:'ids'::uuid[]) WITH ORDINALITY u (id, n)), '{f,f,f,f,f,f,t,t}', 'exactly those have ended');

-- a framework's token that is a uuid, and a session whose id is the same
SELECT session_id AS victim FROM session_auth.create_session('victim') \gset
SET ROLE sa_issuer;
SELECT session_id AS shadow FROM session_auth.create_session('mallory', token => :'victim') \gset
SELECT is(ended(format('EXECUTE by_text(%L)', :'victim'::text)), true, 'a uuid that is a token and an id');
RESET ROLE;
SELECT is(alive(:'victim'), true, '… is taken for the token');
SELECT is(alive(:'shadow'), false, '… whose session ends');
-- a request role ends its own, nothing else
SET ROLE sa_request;
SELECT throws_ok(format('EXECUTE by_uuid(%L)', :'victim'), '42501', NULL, 'a request role cannot end by id');
SELECT throws_ok('SELECT session_auth.sign_out()', '28000', NULL, 'nor sign out nobody');
BEGIN;
SELECT FROM session_auth.authenticate(:'bob') \g /dev/null
SELECT session_id AS victim FROM session_auth.verify_session(:'alice') \gset
SELECT is(session_auth.sign_out(:'victim'::uuid), 0::bigint, 'bob cannot end alice''s session by its id');
SELECT is(session_auth.sign_out(:'victim'), 0::bigint, '… sent as text');
SELECT is((SELECT count(*) FROM session_auth.verify_session(:'alice')), 1::bigint, '… which lives on');
SELECT is(session_auth.sign_out('global'), 1::bigint, 'sign_out ends bob''s sessions');
SELECT is((SELECT count(*) FROM session_auth.verify_session(:'alice')), 1::bigint, '… not alice''s');
COMMIT;

SELECT * FROM finish();
