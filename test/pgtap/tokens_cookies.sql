-- Opaque tokens that carry their proof (better-auth, express-session, Lucia), and
-- better-auth's encrypted session cache: what is proved is looked up as a session.
\ir tokens.psql
SELECT plan(59);

-- What the libraries write: HMAC-SHA256 in base64, percent-encoded in the header.
CREATE FUNCTION public.signed(value text, secret text) RETURNS text LANGUAGE sql AS
  $$SELECT value || '.' || encode(hmac(convert_to(value, 'UTF8'), convert_to(secret, 'UTF8'), 'sha256'), 'base64')$$;
CREATE FUNCTION public.express(sid text, secret text) RETURNS text LANGUAGE sql AS
  $$SELECT 's:' || rtrim(public.signed(sid, secret), '=')$$;
CREATE FUNCTION public.encoded(text) RETURNS text LANGUAGE sql AS
  $$SELECT replace(replace(replace(replace(replace($1, '%', '%25'), ':', '%3A'), '+', '%2B'), '/', '%2F'), '=', '%3D')$$;

\set sid 'VYQdl8X0bJ5qk2uQm3sQ1n0yqvPZ0l5a'
SELECT session_auth.create_session('alice', token => :'sid') \g /dev/null
SELECT session_id AS session_id FROM session_auth.list_sessions('alice') \gset
SELECT accepted(:'sid', 'the session''s own token');
SELECT throws_ok(format('SELECT session_auth.authenticate(%L)', express(:'sid', 'x')), '28000', 'invalid or expired session token', 'express-session''s while there is no secret');
SELECT refused(signed(:'sid', 'x'), 'better-auth''s while there is no secret: it might be Lucia''s');

SELECT session_auth.add_cookie_secret('express', 'an old secret'), session_auth.add_cookie_secret('express', 'a secret of express'), session_auth.add_cookie_secret('better-auth', 'a secret of better-auth') \g /dev/null
SELECT is(v.kind || ' ' || v.user_id, t.kind || ' alice', what)
FROM (VALUES ('express', express(:'sid', 'a secret of express'), 'express-session''s'), ('express', encoded(express(:'sid', 'a secret of express')), '… as it stands in the header'), ('express', 's%3a' || substr(express(:'sid', 'a secret of express'), 3), '… with the escape in lower case'), ('express', express(:'sid', 'an old secret'), '… by the older secret'),
  ('better-auth', signed(:'sid', 'a secret of better-auth'), 'better-auth''s'), ('better-auth', encoded(signed(:'sid', 'a secret of better-auth')), '… as it stands in the header')) t (kind, token, what), session_auth.verify_session(token) v;
SELECT is(v.session_id, :'session_id'::uuid, 'it is that session') FROM session_auth.verify_session(express(:'sid', 'a secret of express')) v;
SELECT refused(token, what) FROM (VALUES
  (express(:'sid', 'another secret'), 'express-session''s by another secret'), (express(:'sid', 'a secret of better-auth'), '… by the other framework''s'), (signed(:'sid', 'a secret of express'), 'better-auth''s by the other framework''s'), (express(reverse(:'sid'), 'a secret of express'), 'well signed, of no session'), (express('', 'a secret of express'), 'well signed, of nothing'), (express('short', 'a secret of express'), 'well signed, of what is no token'),
  ('s:' || signed(:'sid', 'a secret of express'), 'express-session''s with padding'), (rtrim(signed(:'sid', 'a secret of better-auth'), '='), 'better-auth''s without padding'), (substr(express(:'sid', 'a secret of express'), 3), 'express-session''s without s:'), ('s:' || express(:'sid', 'a secret of express'), '… with two of them'), (left(express(:'sid', 'a secret of express'), -1), '… cut short'), (express(:'sid', 'a secret of express') || 'A', '… with one more'), (replace(express(:'sid', 'a secret of express'), 'VYQ', 'VYR'), '… of another session'), ('s:' || :'sid' || '.', '… without a signature'), ('s:' || :'sid', '… without a dot'), (express(:'sid', 'a secret of express') || '%', '… with an escape cut short'), (encoded(encoded(express(:'sid', 'a secret of express'))), '… encoded twice')) t (token, what);
SELECT * FROM session_auth.create_session('rita') \gset old_
SELECT * FROM session_auth.rotate_session(:'old_token') \gset new_
SELECT is(v.session_id, :'old_session_id', 'well signed, of a token that has a successor, within its grace') FROM session_auth.verify_session(express(:'old_token', 'a secret of express')) v;
SET session_auth.rotation_grace = 0;
SELECT refused(express(:'old_token', 'a secret of express'), '… after it');
SELECT is_empty(format('SELECT * FROM session_auth.verify_session(%L)', :'new_token'), '… which ends the session as stolen');
RESET session_auth.rotation_grace;
SELECT session_auth.drop_cookie_secret('express', 'an old secret') \g /dev/null
SELECT refused(express(:'sid', 'an old secret'), 'by a secret that was dropped');
SELECT session_auth.expire_session(:'session_id'::uuid) \g /dev/null
SELECT refused(express(:'sid', 'a secret of express'), 'well signed, of a session that has ended');

-- Lucia: id.secret, where the row has the secret's hash
SELECT 'qj7wnquudzqyctcf.' || encode(digest('secret', 'sha256'), 'base64') AS lucia \gset
SELECT session_auth.create_session('carol', token => :'lucia') \g /dev/null
SELECT is(v.kind || ' ' || v.user_id, 'lucia carol', 'Lucia''s') FROM session_auth.verify_session(:'lucia') v;
SELECT is(v.user_id, 'carol', '… encoded') FROM session_auth.verify_session(encoded(:'lucia')) v;
SELECT refused('hnimukii44pbaykf' || substr(:'lucia', 17), 'another id with that secret');
SELECT refused('qj7wnquudzqyctcf.' || encode(digest(digest('secret', 'sha256'), 'sha256'), 'base64'), 'the hash in the place of the secret');

SELECT * FROM finish();
