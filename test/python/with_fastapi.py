"""session_auth.fastapi: the dependency, with each source that is here."""
from shop import ACCOUNTS, ADAS, UWES, ada, count_of, equal, error_of, madeup, ok, uwe, with_token

import fastapi
import session_auth.fastapi
import sqlalchemy
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from session_auth.fastapi import add_error_handlers, sender
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

print(f'# with FastAPI {fastapi.__version__}, SQLAlchemy {sqlalchemy.__version__}', flush=True)
INSERT = "INSERT INTO accounts (name, holder_id) VALUES ('Lost', 1)"
DENIED = "SELECT session_auth.require_permission('delete', 'accounts')"


def application(source, statement):
    """Routes whose dependency's connection runs what statement makes of SQL."""
    app = FastAPI()
    add_error_handlers(app)
    as_sender, as_anybody = sender(source), sender(source, optional=True)

    @app.get('/')
    def accounts(connection=Depends(as_sender)):
        return [row[0] for row in connection.execute(statement(ACCOUNTS))]

    @app.get('/anybody')
    def anybody(connection=Depends(as_anybody)):
        return [row[0] for row in connection.execute(statement(ACCOUNTS))]

    @app.get('/denied')
    def denied(connection=Depends(as_sender)):
        connection.execute(statement(INSERT))
        connection.execute(statement(DENIED))

    @app.get('/fails')
    def fails(connection=Depends(as_sender)):
        connection.execute(statement(INSERT))
        raise HTTPException(418)

    @app.get('/nobody')
    def nobody(request: Request):
        with source.connect() if hasattr(source, 'connect') else source.connection() as connection:
            return connection.execute(statement('SELECT session_auth.user_id()')).fetchone()[0]

    @app.get('/within')
    def within(request: Request):
        with session_auth.fastapi.transaction(source, request) as connection:
            connection.execute(statement("INSERT INTO accounts (name, holder_id) VALUES ('Kept', 1)"))
        return count_of('Kept')

    @app.get('/stream')
    def stream(request: Request):
        def rows():
            with session_auth.fastapi.transaction(source, request) as connection:
                for row in connection.execute(statement(ACCOUNTS)):
                    yield row[0]
        return StreamingResponse(rows())

    return app


def async_application(source, statement):
    app = FastAPI()
    add_error_handlers(app)
    as_sender = sender(source)

    async def names(connection):
        answer = await connection.execute(statement(ACCOUNTS))
        return [row[0] for row in (await answer.fetchall() if hasattr(source, 'getconn') else answer)]

    @app.get('/')
    async def accounts(connection=Depends(as_sender)):
        return await names(connection)

    @app.get('/within')
    async def within(request: Request):
        async with session_auth.fastapi.async_transaction(source, request) as connection:
            return await names(connection)

    return app


def try_source(name, client):
    def get(url, token):
        response = client.get(url, headers=with_token(token))
        return response.json() if response.status_code == 200 else response.status_code

    equal(get('/', ada), ADAS, f'{name}: her accounts')
    equal(get('/', uwe), UWES, 'his')
    equal([get('/', None), get('/', madeup)], [401, 401], 'who is refused gets 401')
    return get


def try_synchronous(name, source, statement=str):
    get = try_source(name, TestClient(application(source, statement), raise_server_exceptions=False))
    equal([get('/anybody', None), get('/anybody', ada)], [[], ADAS], 'where it is optional: nobody has none')
    equal(get('/nobody', ada), None, 'without the dependency nobody acts')
    equal([get('/denied', ada), get('/fails', ada)], [403, 418], 'who is denied gets 403')
    equal(count_of('Lost'), 0, 'what raised has written nothing')
    streamed = TestClient(application(source, statement)).get('/stream', headers=with_token(ada))
    equal(streamed.text, 'SavingsTravel', 'a stream that opens a transaction has her rows')
    before = count_of('Kept')
    equal(get('/within', ada), before + 1, 'with transaction() it is committed before the answer')


def try_async(name, source, statement=str):
    with TestClient(async_application(source, statement), raise_server_exceptions=False) as client:
        get = try_source(name, client)
        equal(get('/within', uwe)[:1], UWES, 'and with async_transaction()')


def has(module):
    return error_of(__import__, module) is None


newer = sqlalchemy.__version__ >= '2'
for driver in ['psycopg2'] + ['psycopg'] * newer:
    try_synchronous(f'Engine on {driver}', create_engine(f'postgresql+{driver}://'), text)
    from tap import as_admin
    as_admin("DELETE FROM accounts WHERE name = 'Kept'")
for driver in ['asyncpg'] * has('asyncpg') + ['psycopg'] * newer:
    try_async(f'AsyncEngine on {driver}', create_async_engine(f'postgresql+{driver}://'), text)
if has('psycopg_pool'):
    from psycopg_pool import ConnectionPool

    with ConnectionPool('', min_size=1) as pool:
        try_synchronous('ConnectionPool', pool)
