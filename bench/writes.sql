-- The same row, with the same indexes, without the extension's code.

CREATE TABLE bench.bare_sessions (LIKE session_auth.sessions INCLUDING ALL);
CREATE TABLE bench.bare_events (LIKE session_auth.session_events INCLUDING ALL);
GRANT SELECT, INSERT ON bench.bare_sessions, bench.bare_events TO bench_app;
SELECT session_auth.grant_usage('bench_app', 'issuer');
CALL bench.have_sessions(:many_sessions);
-- from here on as in life
ALTER SYSTEM SET autovacuum = on;
SELECT pg_reload_conf();
