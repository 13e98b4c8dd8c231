-- The database's side, after `manage.py migrate`, once:
--   psql --set=secret="$SECRET_KEY" --file=setup.sql shop
\set ON_ERROR_STOP on
CREATE EXTENSION session_auth;

-- what Django itself needs, and the page
CREATE ROLE app LOGIN;
GRANT SELECT, INSERT, UPDATE, DELETE ON django_session TO app;
GRANT SELECT, UPDATE ON auth_user TO app;
GRANT SELECT ON django_migrations TO app; -- runserver looks whether one is missing
GRANT SELECT ON shop_account TO app;
SELECT session_auth.grant_usage('app', 'request');

-- everybody sees the accounts that are theirs
SELECT session_auth.import_permissions('{"USER": ["view:accounts"]}');
SELECT session_auth.adopt_roles('shop_role', 'user_id', 'role');
SELECT session_auth.protect_table('shop_account', 'accounts', owner_column => 'holder_id');

-- logins and logouts, as Django writes and signs them
SELECT session_auth.add_cookie_secret('django', :'secret');
SELECT session_auth.adopt_sessions('django_session', 'session_key', 'session_data', 'expire_date',
  user_form => 'django');

-- as Django does: a new password ends the sessions of before, and so does an account that is switched off
CREATE FUNCTION end_sessions() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM session_auth.expire_user_sessions(new.id);
  RETURN NULL;
END
$$;
CREATE TRIGGER end_sessions AFTER UPDATE OF password, is_active ON auth_user
  FOR EACH ROW WHEN (new.password <> old.password OR NOT new.is_active) EXECUTE FUNCTION end_sessions();
