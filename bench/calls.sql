-- Part calls: what a token costs per call, over the loop that calls nothing.
--
-- x is the number of sessions; tokens are drawn from all of them at random. The
-- touch of last_seen_at is put off: it is written at commit, at most once per
-- session and touch_interval, and part writes looks at it.

SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
SET session_auth.touch_interval = '1d';

CALL bench.fill_lists(:few_sessions, 50000);
CALL bench.measure_calls('calls', :few_sessions, :rounds, :calls, bench.calls());

CALL bench.have_sessions(:many_sessions);
VACUUM (ANALYZE, FREEZE) session_auth.sessions, session_auth.user_roles, bench.web_sessions, bench.web_user_roles;
CALL bench.fill_lists(:many_sessions, 50000);
CALL bench.measure_strangers('calls', :many_sessions, :rounds, :calls);
-- all that are called are remembered: by default there is room for half of them
SET session_auth.role_cache_size = '8MB';
SET session_auth.session_cache_size = '8MB';
CALL bench.measure_calls('calls', :many_sessions, :rounds, :calls, bench.calls());
