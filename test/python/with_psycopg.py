"""session_auth.psycopg: one round trip, nobody afterwards, streams, and what a refusal leaves."""
import asyncio

from shop import ACCOUNTS, ADAS, UWES, Relay, ada, as_admin, count_of, equal, error_of, hides, madeup, ok, uwe

import psycopg
from session_auth import Credentials, http_status, sql_state
from session_auth.psycopg import async_stream, async_transaction, fetch, stream, transaction

print(f'# with psycopg {psycopg.__version__}, libpq {psycopg.pq.version()}', flush=True)
of = Credentials.of_token
USER = 'SELECT session_auth.user_id()'


def user(connection):
    return connection.execute(USER).fetchone()[0]


def names(cursor):
    return [row[0] for row in cursor]


def accounts(connection, credentials):
    with transaction(connection, credentials):
        return names(connection.execute(ACCOUNTS))


# ------------------------------------------------------- both kinds of connection

relay = Relay()
for autocommit in (True, False):
    kind = 'in autocommit mode' if autocommit else 'not in autocommit mode'
    with psycopg.connect(host=relay.host, autocommit=autocommit) as connection:
        equal(accounts(connection, of(ada)), ADAS, f'{kind}: her rows')
        equal(accounts(connection, of(uwe)), UWES, 'his on the same connection')
        equal(accounts(connection, of(None, optional=True)), [], "nobody's")
        equal(user(connection), None, 'nobody afterwards')
        connection.rollback()
        begun = relay.trips_of(accounts, connection, of(ada)) - 2
        ok(begun == 1 or not autocommit and begun == 2, f'BEGIN and authenticate are {begun} round trip')
        equal([row[0] for row in fetch(connection, of(ada), ACCOUNTS)], ADAS, 'fetch: her rows')
        equal(relay.trips_of(fetch, connection, of(ada), ACCOUNTS), begun, 'in as many in all')
        equal(connection.info.transaction_status.name, 'IDLE', 'and its transaction is over')

        refused = error_of(accounts, connection, of(madeup))
        equal((sql_state(refused), http_status(refused)), ('28000', 401), 'a made-up token is 28000, and 401')
        refused = error_of(fetch, connection, of(madeup), ACCOUNTS)
        equal(sql_state(refused), '28000', 'from fetch, too')
        hides(refused, madeup, 'which does not hold the token')
        equal(sql_state(error_of(fetch, connection, of('a\0b'), ACCOUNTS)), '28000', 'so is what is no text')
        equal(accounts(connection, of('\udc80', optional=True)), [], "which is nobody's where nobody is welcome")
        refused = error_of(fetch, connection, of(ada), "SELECT session_auth.require_permission('delete', 'accounts')")
        equal(http_status(refused), 403, 'a permission that she lacks is 403')
        equal(sql_state(error_of(fetch, connection, of(ada), 'SELECT 1 / 0')), '22012', 'other errors are what they are')
        equal(accounts(connection, of(uwe)), UWES, 'the connection is good after all of them')

        # ------------------------------------------------------------ transactions

        def writes_and_fails():
            with transaction(connection, of(ada)):
                connection.execute("INSERT INTO accounts (name, holder_id) VALUES ('Lost', 1)")
                raise KeyError('after a write')

        def swallows():
            with transaction(connection, of(ada)):
                connection.execute("INSERT INTO accounts (name, holder_id) VALUES ('Lost', 1)")
                error_of(connection.execute, 'SELECT 1 / 0')

        def writes_read_only():
            with transaction(connection, of(ada), read_only=True):
                connection.execute("INSERT INTO accounts (name, holder_id) VALUES ('Lost', 1)")

        equal(type(error_of(writes_and_fails)).__name__, 'KeyError', 'a block that raises')
        equal(sql_state(error_of(swallows)), '25P02', 'and one that swallowed an error of the database')
        equal(sql_state(error_of(writes_read_only)), '25006', 'and one that writes, but is read-only,')
        equal(count_of('Lost'), 0, 'have written nothing')
        with transaction(connection, of(ada)):
            with connection.transaction():
                equal(user(connection), '1', "psycopg's own transaction is a savepoint in it")
            connection.execute("INSERT INTO accounts (name, holder_id) VALUES (%s, 1)", [f'Kept {autocommit}'])
            nested = error_of(lambda: transaction(connection, of(uwe)).__enter__())
            equal(type(nested).__name__, 'ProgrammingError', 'another one within is refused')
            equal(user(connection), '1', 'and changes nothing')
        equal(count_of(f'Kept {autocommit}'), 1, 'what it wrote is committed')
        as_admin("DELETE FROM accounts WHERE name LIKE 'Kept%%'")

        # ----------------------------------------------------------------- streams

        equal(names(stream(connection, of(ada), ACCOUNTS, itersize=1)), ADAS, 'a stream has her rows, one by one')
        equal(user(connection), None, 'nobody afterwards')
        connection.rollback()
        rows = stream(connection, of(ada), ACCOUNTS, itersize=1)
        equal(next(rows)[0], 'Savings', 'one that is left after its first row')
        rows.close()
        equal(connection.info.transaction_status.name, 'IDLE', 'has ended its transaction')
        equal(sql_state(error_of(list, stream(connection, of('none'), ACCOUNTS))), '28000', "a refused one's is 28000")

# ------------------------------------------------------------------------ tenants

as_admin("SELECT session_auth.grant_role('2', 'USER', 'acme')")
with psycopg.connect(autocommit=True) as connection:
    TENANT = 'SELECT session_auth.tenant()'
    equal(fetch(connection, of(uwe, tenant='acme'), TENANT), [('acme',)], 'a tenant is asked for')
    equal(fetch(connection, of(uwe), TENANT), [(None,)], 'or none')
equal(type(error_of(lambda: of(uwe, tenant='ac\0me'))).__name__, 'ValueError', 'one that is no text is refused')

# --------------------------------------------------- cursors that bind in the client

with psycopg.connect(autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
    with transaction(connection, of(ada)):
        seen = as_admin('SELECT query FROM pg_stat_activity WHERE pid = %s', connection.info.backend_pid)
        ok('$1' in seen and ada not in seen, 'authenticate binds where the cursors of a connection do not', seen)
        equal(names(connection.execute(ACCOUNTS)), ADAS, 'and her rows come')

# ------------------------------------------------------------------------ broken


def breaks():
    with transaction(connection, of(ada)):
        as_admin('SELECT pg_terminate_backend(%s)', connection.info.backend_pid)
        connection.execute(ACCOUNTS)


with psycopg.connect(autocommit=True) as connection:
    ok(isinstance(error_of(breaks), psycopg.OperationalError), 'a connection that breaks says so')
    ok(connection.closed, 'and is closed')

# ------------------------------------------------------------------------- asyncio


async def in_asyncio():
    async with await psycopg.AsyncConnection.connect(host=relay.host, autocommit=True) as connection:

        async def accounts_of(credentials):
            async with async_transaction(connection, credentials):
                return names(await (await connection.execute(ACCOUNTS)).fetchall())

        equal(await accounts_of(of(ada)), ADAS, 'asyncio: her rows')
        before = relay.trips
        await accounts_of(of(uwe))
        equal(relay.trips - before, 3, 'in three round trips')
        try:
            await accounts_of(of(madeup))
            refused = None
        except psycopg.Error as error:
            refused = error
        equal(sql_state(refused), '28000', 'a made-up token is 28000')
        hides(refused, madeup, 'which does not hold the token')
        equal([row[0] async for row in async_stream(connection, of(uwe), ACCOUNTS, itersize=1)], UWES, 'a stream has his rows')
        equal((await (await connection.execute(USER)).fetchone())[0], None, 'nobody afterwards')


asyncio.run(in_asyncio())
