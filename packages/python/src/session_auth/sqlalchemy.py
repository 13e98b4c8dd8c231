"""
SQLAlchemy, with any driver of its own for PostgreSQL: sessions and connections whose transactions act for a user.

authenticate goes to the driver past SQLAlchemy, so that no token is in what `echo` logs or an error shows. For
statements of the application that take a token itself, create the engine with `hide_parameters=True`.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from typing import Any, AsyncIterator, Callable, Iterator, Optional

from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, InvalidRequestError

from . import binding
from .credentials import Credentials


def authenticate(connection: Any, credentials: Credentials) -> Optional[str]:
    """The user whom a Connection's transaction, which has begun, acts for from now on, or None."""
    dialect = connection.dialect
    driver_connection = connection.connection.dbapi_connection
    try:
        return binding.authenticate(driver_connection, credentials, dialect.paramstyle)
    except dialect.dbapi.Error as error:
        lost = dialect.is_disconnect(error, driver_connection, None)
        if lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            'session_auth.authenticate', None, error, dialect.dbapi.Error, hide_parameters=True, connection_invalidated=lost, dialect=dialect
        ) from error


def authenticate_sessions(target: Any, credentials: Callable[[], Optional[Credentials]]) -> None:
    """
    Lets each transaction of `target`, a Session class or a sessionmaker, begin with authenticate. `credentials` is
    asked each time; where it says None, as for work that no request asked for, the transaction is nobody's.

    A session that still holds rows of another user's transaction (expire_on_commit=False) raises InvalidRequestError.
    """

    def after_begin(session: Any, transaction: Any, connection: Any) -> None:
        if transaction.nested:
            return  # a savepoint acts for whom its transaction does
        shown = credentials()
        user = None if shown is None else authenticate(connection, shown)
        if session.info.setdefault('session_auth_user', user) != user and _holds_rows(session):
            raise InvalidRequestError('this session holds rows of another user: close it, or call expunge_all(), after each request')
        session.info['session_auth_user'] = user

    event.listen(target, 'after_begin', after_begin)


def _holds_rows(session: Any) -> bool:
    return any(not state.expired for state in session.identity_map.all_states())


@contextmanager
def transaction(engine: Any, credentials: Credentials, *, read_only: bool = False) -> Iterator[Any]:
    """A Connection in a transaction that acts for the user of the credentials: engine.begin() with authenticate."""
    with engine.begin() as connection:
        authenticate(connection, credentials)
        if read_only:
            connection.execute(text('SET TRANSACTION READ ONLY'))
        yield connection


@asynccontextmanager
async def async_transaction(engine: Any, credentials: Credentials, *, read_only: bool = False) -> AsyncIterator[Any]:
    """transaction() for an AsyncEngine."""
    async with engine.begin() as connection:
        await connection.run_sync(authenticate, credentials)
        if read_only:
            await connection.execute(text('SET TRANSACTION READ ONLY'))
        yield connection
