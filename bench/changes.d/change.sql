\set thing random(1, 1000000)
SELECT session_auth.grant_permission('UNRELATED', 'view', 'thing:' || :thing);
