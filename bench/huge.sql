-- Part huge: calls again, with more sessions than fit into shared buffers. Only
-- the full run has the minutes to make them.

SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
SET session_auth.touch_interval = '1d';

SELECT :huge_sessions > 0 AS wanted \gset
\if :wanted
CALL bench.have_sessions(:huge_sessions);
VACUUM (ANALYZE) session_auth.sessions, session_auth.user_roles, bench.web_sessions, bench.web_user_roles;
CALL bench.fill_lists(:huge_sessions, 50000);
CALL bench.measure_strangers('calls', :huge_sessions, :rounds, :calls);
-- all that are called are remembered: by default there is room for half of them
SET session_auth.role_cache_size = '8MB';
SET session_auth.session_cache_size = '8MB';
CALL bench.measure_calls('calls', :huge_sessions, :rounds, :calls, bench.calls());
\endif
