"""session_auth.sqlalchemy, with the drivers that this SQLAlchemy has: sessions, connections, and what is logged of a token."""
import asyncio
import io
import logging

from shop import ACCOUNTS, ADAS, UWES, Relay, ada, as_admin, count_of, equal, error_of, hides, madeup, ok, uwe

import sqlalchemy
from session_auth import Credentials, http_status, sql_state
from session_auth.sqlalchemy import async_transaction, authenticate_sessions, transaction
from sqlalchemy import Column, Integer, Text, create_engine, text
from sqlalchemy.orm import declarative_base, sessionmaker

print(f'# with SQLAlchemy {sqlalchemy.__version__}', flush=True)
of = Credentials.of_token
Base = declarative_base()
relay = Relay()
logged = io.StringIO()
logging.getLogger('sqlalchemy.engine').addHandler(logging.StreamHandler(logged))
logging.getLogger('sqlalchemy.engine').setLevel(logging.INFO)


class Account(Base):
    __tablename__ = 'accounts'
    id = Column(Integer, primary_key=True)
    name = Column(Text)
    holder_id = Column(Integer)


def names(session):
    return [account.name for account in session.query(Account).order_by(Account.id)]


def accounts(engine, credentials):
    with transaction(engine, credentials) as connection:
        return [row.name for row in connection.execute(text(ACCOUNTS))]


def try_connections(driver):
    engine = create_engine(f'postgresql+{driver}://', connect_args={'host': relay.host}, pool_size=1, max_overflow=0)
    equal(accounts(engine, of(ada)), ADAS, f'{driver}: her rows')
    equal(accounts(engine, of(uwe)), UWES, 'his on the same connection')
    equal(relay.trips_of(accounts, engine, of(ada)), 4, 'in four round trips: BEGIN, authenticate, the query, COMMIT')
    with engine.connect() as connection:
        equal(connection.execute(text('SELECT session_auth.user_id()')).scalar(), None, 'nobody afterwards')
    refused = error_of(accounts, engine, of(madeup))
    equal((type(refused).__name__, sql_state(refused), http_status(refused)), ('OperationalError', '28000', 401), 'a made-up token is 28000, and 401')
    ok(isinstance(refused, sqlalchemy.exc.DBAPIError), "as SQLAlchemy's error")
    hides(refused, madeup, 'which does not hold the token')
    equal(sql_state(error_of(accounts, engine, of('a\0b'))), '28000', 'so is what is no text')
    equal(accounts(engine, of('a\0b', optional=True)), [], "which is nobody's where nobody is welcome")
    with transaction(engine, of(ada)) as connection:
        pid = connection.execute(text('SELECT pg_backend_pid()')).scalar()
    with engine.begin() as connection:
        from session_auth.sqlalchemy import authenticate

        equal(authenticate(connection, of(uwe)), '2', 'authenticate says who it is')
        seen = as_admin('SELECT query FROM pg_stat_activity WHERE pid = %s', pid)
        ok('$1' in seen and uwe not in seen, 'and binds the token', seen)

    def write():
        with transaction(engine, of(ada), read_only=True) as connection:
            connection.execute(text("INSERT INTO accounts (name, holder_id) VALUES ('Lost', 1)"))

    equal(sql_state(error_of(write)), '25006', 'a transaction may be read-only')
    with transaction(engine, of(ada)) as connection:
        rows = connection.execution_options(stream_results=True).execute(text(ACCOUNTS))
        equal([row.name for row in rows], ADAS, "a server's cursor has her rows")
    autocommit = engine.execution_options(isolation_level='AUTOCOMMIT')
    equal(type(error_of(accounts, autocommit, of(ada))).__name__, 'ValueError', 'an engine that commits each statement is refused')
    as_admin('SELECT pg_terminate_backend(%s)', pid)
    broken = error_of(accounts, engine, of(ada))
    ok(broken.connection_invalidated, 'a connection that was lost is known as such', repr(broken))
    equal(accounts(engine, of(ada)), ADAS, 'and replaced')
    return engine


def try_sessions(engine):
    whose = []
    Session = sessionmaker(engine)
    authenticate_sessions(Session, lambda: whose[0])
    whose[:] = [of(ada)]
    with Session() as session:
        equal(names(session), ADAS, 'sessions: her rows')
        with session.begin_nested():
            session.add(Account(name='Kept', holder_id=1))
        session.commit()
        equal(names(session), [*ADAS, 'Kept'], 'in the transaction after a commit, too')
        kept = session.get(Account, 1)
        session.commit()
        whose[:] = [of(uwe)]
        ok(session.get(Account, 1) is None, 'what she held is asked for anew when he acts')
        session.rollback()
        whose[:] = [None]
        equal(names(session), [], 'without credentials nobody acts')
    as_admin("DELETE FROM accounts WHERE name = 'Kept'")
    whose[:] = [of(madeup)]
    with Session() as session:
        refused = error_of(names, session)
        equal(http_status(refused), 401, 'a made-up token is 401')
        hides(refused, madeup, 'which does not hold the token')
    whose[:] = [of(ada)]
    with Session(expire_on_commit=False) as session:
        kept = session.query(Account).all()  # the identity map has what somebody refers to
        session.commit()
        whose[:] = [of(uwe)]
        equal(type(error_of(names, session)).__name__, 'InvalidRequestError', "a session that kept another user's rows is refused")
    with Session(expire_on_commit=False) as session:
        equal(names(session), UWES, 'a new one is not')


def try_logs(engine):
    with engine.begin() as connection:
        error_of(connection.execute, text('SELECT session_auth.expire_session(:token)'), {'token': ada})
    ok(ada in logged.getvalue(), 'SQLAlchemy logs the values of the statements that it sends,')
    logged.truncate(0)
    hidden = create_engine(engine.url, hide_parameters=True)
    with hidden.begin() as connection:
        refused = error_of(connection.execute, text('SELECT session_auth.expire_session(:token)'), {'token': ada})
    ok(ada not in logged.getvalue() + str(refused), 'unless hide_parameters is set')


async def try_async(driver):
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(f'postgresql+{driver}://')
    for whose, rows in ((ada, ADAS), (uwe, UWES)):
        async with async_transaction(engine, of(whose)) as connection:
            equal([row.name for row in await connection.execute(text(ACCOUNTS))], rows, f'{driver}: the rows of whose token it is')
    async with engine.connect() as connection:
        equal((await connection.execute(text('SELECT session_auth.user_id()'))).scalar(), None, 'nobody afterwards')
    try:
        async with async_transaction(engine, of(madeup)):
            refused = None
    except sqlalchemy.exc.DBAPIError as error:
        refused = error
    equal(http_status(refused), 401, 'a made-up token is 401')
    hides(refused, madeup, 'which does not hold the token')
    await engine.dispose()


def has(module):
    return error_of(__import__, module) is None


# psycopg 3 is a driver of SQLAlchemy 2
newer = sqlalchemy.__version__ >= '2'
for driver in ['psycopg2'] + ['psycopg'] * newer:
    engine = try_connections(driver)
    try_sessions(engine)
ok(ada not in logged.getvalue() and uwe not in logged.getvalue() and 'accounts' in logged.getvalue(), 'no token was logged, statements were', logged.getvalue())
try_logs(engine)
ada = as_admin("SELECT token FROM session_auth.create_session('1')")
for driver in ['asyncpg'] * has('asyncpg') + ['psycopg'] * newer:
    asyncio.run(try_async(driver))
