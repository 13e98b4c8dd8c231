\set user random(1, 1000000)
SELECT token FROM session_auth.create_session('user-' || :user);
