-- Names of every length: a name is kept, compared and listed whole, however short or
-- long it is (src/base/string_table.h keeps those of up to 16 bytes in another form).
SELECT plan(8);

CREATE FUNCTION pg_temp.name(len integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT substr('abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOP', 1, len)
$$;
SELECT session_auth.create_role('NAMES');
SELECT session_auth.grant_permission('NAMES', 'view', pg_temp.name(len)) FROM generate_series(1, 50) len;
SELECT session_auth.grant_permission('NAMES', 'open', pg_temp.name(len) || ':*') FROM generate_series(1, 50) len;
SELECT session_auth.grant_permission('NAMES', 'do' || pg_temp.name(len), 'it') FROM generate_series(1, 50) len;

SELECT is(count(*) FILTER (WHERE session_auth.has_permission('NAMES', 'view', pg_temp.name(len))), 50::bigint,
  'every length that is granted is found') FROM generate_series(1, 50) len;
SELECT is(count(*) FILTER (WHERE session_auth.has_permission('NAMES', 'view', overlay(pg_temp.name(len) PLACING '-' FROM at))),
  0::bigint, 'none is that differs in one byte') FROM generate_series(1, 50) len, generate_series(1, len) at;
SELECT is(count(*) FILTER (WHERE session_auth.has_permission('NAMES', 'view', repeat('a', len))), 1::bigint,
  'nor one of another length: a alone is granted') FROM generate_series(1, 50) len;
SELECT is(count(*) FILTER (WHERE session_auth.has_permission('NAMES', 'open', pg_temp.name(len) || ':x')), 50::bigint,
  'prefixes of every length') FROM generate_series(1, 50) len;
SELECT is(count(*) FILTER (WHERE session_auth.has_permission('NAMES', 'open', overlay(pg_temp.name(len) PLACING '-' FROM at) || ':x')),
  0::bigint, 'and none that differs') FROM generate_series(1, 50) len, generate_series(1, len) at;
SELECT set_eq($$SELECT unnest(session_auth.permitted_resources('NAMES', 'view'))$$,
  $$SELECT pg_temp.name(len) FROM generate_series(1, 50) len$$, 'they are listed as they were granted');
SELECT set_eq($$SELECT unnest(session_auth.permitted_resources('NAMES', 'open'))$$,
  $$SELECT pg_temp.name(len) || ':*' FROM generate_series(1, 50) len$$, 'prefixes too');
-- one call site with actions of every length, one after the other
SELECT is(count(*) FILTER (WHERE session_auth.has_permission('NAMES', 'do' || pg_temp.name(len), 'it')
    AND NOT session_auth.has_permission('NAMES', 'do' || pg_temp.name(len) || '.', 'it')), 50::bigint,
  'actions of every length') FROM generate_series(1, 50) len;

SELECT * FROM finish();
