"""
Python's clients of docs/drivers.md, for test/t/drivers_debian.t.

Without arguments: the ways that can be run here, a line each. With a way and a token: asks once with it. A way
whose name begins with "error of" prints all that its error holds when the token is refused.
"""
import asyncio
import ctypes
import ctypes.util
import sys
from importlib.metadata import PackageNotFoundError, version

TEXT = 'SELECT (session_auth.authenticate({})).user_id'


def libpq(token):
    library = ctypes.CDLL(ctypes.util.find_library('pq') or 'libpq.so.5')
    library.PQconnectdb.restype = library.PQexecParams.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(library.PQconnectdb(b''))
    values = (ctypes.c_char_p * 1)(token.encode())
    result = library.PQexecParams(connection, TEXT.format('$1').encode(), 1, None, values, None, None, 0)
    assert library.PQresultStatus(ctypes.c_void_p(result)) == 2, 'PGRES_TUPLES_OK'
    library.PQfinish(connection)


def psycopg3(token, **more):
    import psycopg
    with psycopg.connect('', **more) as connection:
        connection.execute(TEXT.format('%s'), [token])


def psycopg3_client_cursor(token):
    import psycopg
    psycopg3(token, cursor_factory=psycopg.ClientCursor)


def psycopg2(token):
    import psycopg2
    with psycopg2.connect('') as connection:
        connection.cursor().execute(TEXT.format('%s'), [token])


def asyncpg(token):
    import asyncpg

    async def ask():
        connection = await asyncpg.connect()
        await connection.fetch(TEXT.format('$1'), token)
        await connection.close()
    asyncio.run(ask())


def django(token, **options):
    import os
    from django.conf import settings
    settings.configure(DATABASES={'default': {
        'ENGINE': 'django.db.backends.postgresql', 'NAME': os.environ['PGDATABASE'], 'OPTIONS': options}})
    from django.db import connection
    with connection.cursor() as cursor:
        cursor.execute(TEXT.format('%s'), [token])
    connection.close()


def sqlalchemy(token, driver, **options):
    from sqlalchemy import create_engine, text
    with create_engine(f'postgresql+{driver}://', **options).begin() as connection:
        connection.execute(text(TEXT.format(':token')), {'token': token})


def sqlalchemy_asyncpg(token):
    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import create_async_engine

    async def ask():
        engine = create_async_engine('postgresql+asyncpg://')
        async with engine.begin() as connection:
            await connection.execute(text(TEXT.format(':token')), {'token': token})
        await engine.dispose()
    asyncio.run(ask())


def error_of(ask, *arguments, **options):
    def held(token):
        try:
            ask(token, *arguments, **options)
        except Exception as error:  # all that a console or a report prints of it
            while error:
                print(type(error).__name__, str(error), repr(error))
                error = error.__cause__ or getattr(error, 'orig', None)
    return held


def has(name, *least):
    """Whether it is installed, in that version or a newer one; nothing is imported for that."""
    try:
        return [int(part) for part in version(name).split('.')[:2]] >= list(least)
    except PackageNotFoundError:
        return False


WAYS = {'libpq': libpq}
if has('psycopg'):
    WAYS['psycopg 3'] = psycopg3
    WAYS['psycopg 3, ClientCursor'] = psycopg3_client_cursor
if has('psycopg2'):
    WAYS['psycopg2'] = psycopg2
if has('asyncpg'):
    WAYS['asyncpg'] = asyncpg
if has('asyncpg') and has('SQLAlchemy'):
    WAYS['SQLAlchemy, asyncpg'] = sqlalchemy_asyncpg
if has('Django', 4, 2) and has('psycopg'):
    WAYS['Django on psycopg 3'] = django
    WAYS['Django on psycopg 3, server_side_binding'] = lambda token: django(token, server_side_binding=True)
elif has('Django') and has('psycopg2'):
    WAYS['Django on psycopg2'] = django
if has('SQLAlchemy', 2, 0) and has('psycopg'):
    WAYS['SQLAlchemy, psycopg 3'] = lambda token: sqlalchemy(token, 'psycopg')
if has('SQLAlchemy') and has('psycopg2'):
    WAYS['SQLAlchemy, psycopg2'] = lambda token: sqlalchemy(token, 'psycopg2')
    WAYS['error of SQLAlchemy'] = error_of(sqlalchemy, 'psycopg2')
    WAYS['error of SQLAlchemy, hide_parameters'] = error_of(sqlalchemy, 'psycopg2', hide_parameters=True)

if len(sys.argv) == 1:
    print('\n'.join(WAYS))
else:
    WAYS[sys.argv[1]](sys.argv[2])
