-- The tables, and the database's side of them, once:
--   psql --set=secret="$SECRET_KEY" --file=db/setup.sql shop
\set ON_ERROR_STOP on
CREATE TABLE users (id bigserial PRIMARY KEY, name text NOT NULL UNIQUE, password_digest text NOT NULL,
  role text NOT NULL DEFAULT 'USER');
CREATE TABLE sessions (id bigserial PRIMARY KEY, user_id bigint NOT NULL REFERENCES users,
  created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
CREATE TABLE accounts (id bigserial PRIMARY KEY, holder_id bigint NOT NULL REFERENCES users,
  name text NOT NULL, balance numeric NOT NULL DEFAULT 0);

CREATE EXTENSION session_auth;
CREATE ROLE app LOGIN;
GRANT SELECT ON users, accounts TO app;
GRANT SELECT, INSERT, DELETE ON sessions TO app;
GRANT USAGE ON SEQUENCE sessions_id_seq TO app;
SELECT session_auth.grant_usage('app', 'request');

-- everybody sees the accounts that are theirs
SELECT session_auth.import_permissions('{"USER": ["view:accounts"]}');
SELECT session_auth.adopt_roles('users', 'id', 'role');
SELECT session_auth.protect_table('accounts', owner_column => 'holder_id');

-- logins and logouts, as Rails writes and signs them
SELECT session_auth.add_cookie_secret('rails-signed', :'secret');
SELECT session_auth.adopt_sessions('sessions', 'id', 'user_id', 'created_at', token_form => 'id',
  lifetime => '14 days');
