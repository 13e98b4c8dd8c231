"""The application of docs/frameworks.md in Flask, alive: flask_app.py is in the folder that the command names."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])

import flask
import flask_login
import itsdangerous
import sqlalchemy

from flask_app import Account, app, database
from tap import as_admin, equal, ok, tampered, user_of

print(f'# with Flask {flask.__version__}, Flask-Login {flask_login.__version__}, itsdangerous {itsdangerous.__version__}, SQLAlchemy {sqlalchemy.__version__}', flush=True)


def log_in(name, **more):
    client = app.test_client()
    equal(client.post('/login', data={'name': name, 'password': 'correct horse', **more}).status_code, 302, f'{name} logs in')
    return client


def cookies_of(client):
    if hasattr(client, 'cookie_jar'):  # Werkzeug before 2.3
        return {cookie.name: cookie.value for cookie in client.cookie_jar}
    found = (client.get_cookie(name) for name in ('session', 'remember_token'))
    return {cookie.key: cookie.value for cookie in found if cookie}


def with_cookie(name, value):
    client = app.test_client(use_cookies=False)
    client.environ_base['HTTP_COOKIE'] = f'{name}={value}'
    return client


def page(client):
    return client.get('/').json


client, other = log_in('ada'), log_in('uwe')
cookie = cookies_of(client)['session']
equal(page(client), ['Savings', 'Travel'], 'her page lists her accounts')
equal(page(other), ['Rent'], 'his lists his')
equal(page(client), ['Savings', 'Travel'], 'hers lists hers again')
equal(page(app.test_client()), [], 'nobody has none')
equal(user_of(f'session={cookie}'), '1', 'the database finds her in the cookie')
equal(user_of(f'session={tampered(cookie)}'), None, 'a cookie with one character replaced is refused')
equal(page(with_cookie('session', tampered(cookie))), [], 'and lists nothing')
client.post('/logout')
equal(page(client), [], 'she logs out')
equal(user_of(f'session={cookie}'), '1', 'a logout only takes the cookie from the browser')
as_admin("SELECT session_auth.expire_user_sessions('1')")
equal(user_of(f'session={cookie}'), None, 'expire_user_sessions ends it')
equal(page(with_cookie('session', cookie)), [], 'and its rows')
equal(page(other), ['Rent'], 'and not his')

# ------------------------------------------------------------------ remember_token

as_admin("SELECT session_auth.add_cookie_secret('flask-login', %s, without_end => true)", os.environ['SECRET_KEY'])
remembered = cookies_of(log_in('uwe', remember='yes'))['remember_token']
equal(user_of(f'remember_token={remembered}'), '2', 'Flask-Login remembers him: the database knows him')
equal(page(with_cookie('remember_token', remembered)), ['Rent'], 'the page lists his accounts')
equal(user_of(f'remember_token={tampered(remembered)}'), None, 'a tampered one is refused')
as_admin("SELECT session_auth.drop_cookie_secret('flask-login', %s)", os.environ['SECRET_KEY'])
equal(user_of(f'remember_token={remembered}'), None, 'without its secret, too')

# ------------------------------------------------------- what SQLAlchemy does around it

with app.test_request_context(headers={'Cookie': f"session={cookies_of(other)['session']}"}):
    account = database.query(Account).one()
    database.commit()
with app.test_request_context():
    ok(database.get(Account, 3) is None, 'a session that was removed knows no object of the request before')
with app.test_request_context(headers={'Cookie': f"session={cookies_of(other)['session']}"}):
    kept = database.get(Account, 3)
    flask.request.environ['HTTP_COOKIE'] = ''
    ok(database.get(Account, 3) is kept, 'within one the identity map answers without asking')
    database.commit()
    ok(database.get(Account, 3) is None, 'after a commit it asks again, and nobody has none')



def error_of(statement, headers):
    with app.test_request_context(headers=headers):
        try:
            database.execute(sqlalchemy.text(statement))
            return 'none'
        except sqlalchemy.exc.DBAPIError as error:
            return f'{type(error).__module__}.{type(error).__name__} {error.orig.pgcode}'


his = {'Cookie': f"session={cookies_of(other)['session']}"}
equal(error_of("SELECT session_auth.authenticate_request('session=none', NULL)", {}), 'sqlalchemy.exc.OperationalError 28000', 'a refused cookie arrives as OperationalError')
equal(error_of("SELECT session_auth.require_permission('delete', 'accounts')", {}), 'sqlalchemy.exc.OperationalError 28000', 'so does a permission that nobody asks for')
equal(error_of("SELECT session_auth.require_permission('delete', 'accounts')", his), 'sqlalchemy.exc.ProgrammingError 42501', 'one that is lacking arrives as ProgrammingError')
as_admin('REVOKE SELECT ON accounts FROM app')
equal(other.get('/').status_code, 403, 'and is answered with 403')
as_admin('GRANT SELECT ON accounts TO app')
