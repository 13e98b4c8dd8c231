"""The application of docs/frameworks.md in FastAPI, alive: fastapi_app.py is in the folder that the command names."""
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])

import fastapi
import starlette
from fastapi.testclient import TestClient
from sqlalchemy import exc, text

from fastapi_app import app, as_sender
from tap import as_admin, equal, tampered, user_of

print(f'# with FastAPI {fastapi.__version__}, Starlette {starlette.__version__}', flush=True)


def log_in(name):
    client = TestClient(app)
    equal(client.post('/login', json={'name': name, 'password': 'correct horse'}).status_code, 200, f'{name} logs in')
    return client


def with_cookie(value):
    client = TestClient(app)
    client.cookies.set('session', value)
    return client


client, other = log_in('ada'), log_in('uwe')
cookie = client.cookies['session']
equal(client.get('/').json(), ['Savings', 'Travel'], 'her page lists her accounts')
equal(other.get('/').json(), ['Rent'], 'his lists his')
equal(client.get('/').json(), ['Savings', 'Travel'], 'hers lists hers again')
equal(TestClient(app).get('/').status_code, 401, 'nobody is asked to log in')
equal(user_of(f'session={cookie}'), '1', 'the database finds her in the cookie')
equal(user_of(f'session={tampered(cookie)}'), None, 'a cookie with one character replaced is refused')
equal(with_cookie(tampered(cookie)).get('/').status_code, 401, 'by the page, too')
client.post('/logout')
equal(client.get('/').status_code, 401, 'she logs out')
equal(user_of(f'session={cookie}'), '1', 'a logout only takes the cookie from the browser')
as_admin("SELECT session_auth.expire_user_sessions('1')")
equal(user_of(f'session={cookie}'), None, 'expire_user_sessions ends it')
equal(with_cookie(cookie).get('/').status_code, 401, 'by the page, too')
equal(other.get('/').json(), ['Rent'], 'and not his')

as_admin('CREATE TABLE notes (id int); GRANT INSERT ON notes TO app')


@app.get('/fails')
def fails(connection=fastapi.Depends(as_sender)):
    connection.execute(text('INSERT INTO notes VALUES (1)'))
    raise fastapi.HTTPException(409, 'after a write')



@app.get('/refused')
def refused(statement: str, connection=fastapi.Depends(as_sender)):
    """What the database's refusal arrives as."""
    try:
        connection.execute(text(statement))
    except exc.DBAPIError as error:
        return f'{type(error).__module__}.{type(error).__name__} {error.orig.pgcode}'


@app.get('/guarded')
def guarded(connection=fastapi.Depends(as_sender)):
    connection.execute(text(LACKING))


LACKING = "SELECT session_auth.require_permission('delete', 'accounts')"
equal(other.get('/refused', params={'statement': "SELECT session_auth.authenticate('none')"}).json(), 'sqlalchemy.exc.OperationalError 28000', 'a refused token arrives as OperationalError')
equal(other.get('/refused', params={'statement': LACKING}).json(), 'sqlalchemy.exc.ProgrammingError 42501', 'a permission that is lacking arrives as ProgrammingError')
equal(other.get('/guarded').status_code, 403, 'and is answered with 403')
equal(TestClient(app).get('/guarded').status_code, 401, 'whoever is nobody is answered with 401')
equal(other.get('/fails').status_code, 409, 'a route that raises after a write')
equal(as_admin('SELECT count(*) FROM notes'), 0, 'has written nothing')
