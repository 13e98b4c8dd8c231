"""
psycopg 3: transactions in which the database knows who acts.

On a connection in autocommit mode BEGIN and authenticate are one round trip, by libpq's pipeline mode (version 14 and
newer). In the other mode psycopg waits for its own BEGIN, and without pipelines each waits. A connection that is in a
transaction already is refused.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from typing import Any, AsyncIterator, Iterator, List, Optional, Sequence, Tuple, Union

import psycopg
from psycopg import AsyncConnection, Connection, sql
from psycopg.pq import TransactionStatus

from .binding import text_of
from .credentials import Credentials

# psycopg.abc.Query has templates since 3.3, which go without parameters
Query = Union[str, bytes, sql.SQL, sql.Composed]
Parameters = Optional[Union[Sequence[Any], 'dict[str, Any]']]
Step = Tuple[Query, Parameters]


@contextmanager
def transaction(connection: Connection[Any], credentials: Credentials, *, read_only: bool = False) -> Iterator[Connection[Any]]:
    """
    Runs the block in a transaction of its own, as the user of the credentials, and commits it. When the block raises,
    and when it has swallowed an error that aborted the transaction, everything is rolled back and it raises.
    """
    _refuse_open_transaction(connection)
    try:
        _all_at_once(connection, _opening(connection, credentials, read_only))
        yield connection
        _refuse_aborted_transaction(connection)
        _commit(connection)
    except BaseException:
        _roll_back(connection)
        raise


def fetch(
    connection: Connection[Any], credentials: Credentials, query: Query, parameters: Parameters = None, *, read_only: bool = False
) -> List[Any]:
    """The rows of one query, in a transaction as transaction() makes it: one round trip in all."""
    _refuse_open_transaction(connection)
    try:
        steps = _opening(connection, credentials, read_only)
        cursors = _all_at_once(connection, [*steps, (query, parameters), (b'COMMIT', None)], cursor_at=len(steps))
        return cursors[len(steps)].fetchall()
    except BaseException:
        _roll_back(connection)
        raise


def stream(
    connection: Connection[Any], credentials: Credentials, query: Query, parameters: Parameters = None, *, read_only: bool = False,
    itersize: int = 1000
) -> Iterator[Any]:
    """
    The rows of one query, `itersize` of them at a time, by a cursor of the server's. The transaction lasts until the
    last row was taken or the iterator is closed, and the connection is the stream's until then.
    """
    with transaction(connection, credentials, read_only=read_only):
        with connection.cursor(name='session_auth_stream') as cursor:
            cursor.itersize = itersize
            yield from cursor.execute(query, parameters)


@asynccontextmanager
async def async_transaction(
    connection: AsyncConnection[Any], credentials: Credentials, *, read_only: bool = False
) -> AsyncIterator[AsyncConnection[Any]]:
    """transaction() for psycopg's AsyncConnection."""
    _refuse_open_transaction(connection)
    try:
        await _all_at_once_async(connection, _opening(connection, credentials, read_only))
        yield connection
        _refuse_aborted_transaction(connection)
        await _commit_async(connection)
    except BaseException:
        await _roll_back_async(connection)
        raise


async def async_stream(
    connection: AsyncConnection[Any], credentials: Credentials, query: Query, parameters: Parameters = None, *,
    read_only: bool = False, itersize: int = 1000
) -> AsyncIterator[Any]:
    """stream() for psycopg's AsyncConnection."""
    async with async_transaction(connection, credentials, read_only=read_only):
        async with connection.cursor(name='session_auth_stream') as cursor:
            cursor.itersize = itersize
            async for row in await cursor.execute(query, parameters):
                yield row


# ------------------------------------------------------------------------- what both kinds of connection share


def _opening(connection: Union[Connection[Any], AsyncConnection[Any]], credentials: Credentials, read_only: bool) -> List[Step]:
    # without autocommit psycopg sends BEGIN itself, with the first statement
    steps: List[Step] = [(b'BEGIN', None)] if connection.autocommit else []
    if read_only:
        steps.append((b'SET TRANSACTION READ ONLY', None))
    return [*steps, (text_of(credentials), credentials.values(connection.info.encoding))]


def _refuse_open_transaction(connection: Union[Connection[Any], AsyncConnection[Any]]) -> None:
    if connection.info.transaction_status != TransactionStatus.IDLE:
        raise psycopg.ProgrammingError('session_auth needs a transaction of its own: this connection is in one already')


def _refuse_aborted_transaction(connection: Union[Connection[Any], AsyncConnection[Any]]) -> None:
    if connection.info.transaction_status == TransactionStatus.INERROR:
        raise psycopg.errors.InFailedSqlTransaction('the transaction is rolled back: a statement in it failed and went unnoticed')


def _all_at_once(connection: Connection[Any], steps: List[Step], cursor_at: int = -1) -> List[psycopg.Cursor[Any]]:
    """Each statement's cursor: psycopg.Cursor binds on the server, whatever the connection makes by itself."""
    cursors = [psycopg.Cursor(connection) for _ in steps]
    if cursor_at >= 0:
        cursors[cursor_at] = connection.cursor()
    if psycopg.Pipeline.is_supported():
        with connection.pipeline():
            for cursor, (statement, parameters) in zip(cursors, steps):
                cursor.execute(statement, parameters)
    else:
        for cursor, (statement, parameters) in zip(cursors, steps):
            cursor.execute(statement, parameters)
    return cursors


async def _all_at_once_async(connection: AsyncConnection[Any], steps: List[Step]) -> None:
    if psycopg.AsyncPipeline.is_supported():
        async with connection.pipeline():
            for statement, parameters in steps:
                await psycopg.AsyncCursor(connection).execute(statement, parameters)
    else:
        for statement, parameters in steps:
            await psycopg.AsyncCursor(connection).execute(statement, parameters)


def _commit(connection: Connection[Any]) -> None:
    if connection.info.transaction_status != TransactionStatus.IDLE:
        psycopg.Cursor(connection).execute(b'COMMIT')


def _roll_back(connection: Connection[Any]) -> None:
    try:
        if not connection.closed and connection.info.transaction_status != TransactionStatus.IDLE:
            psycopg.Cursor(connection).execute(b'ROLLBACK')
    except psycopg.Error:
        connection.close()  # nobody shall get it in this state, and the error at hand says more


async def _commit_async(connection: AsyncConnection[Any]) -> None:
    if connection.info.transaction_status != TransactionStatus.IDLE:
        await psycopg.AsyncCursor(connection).execute(b'COMMIT')


async def _roll_back_async(connection: AsyncConnection[Any]) -> None:
    try:
        if not connection.closed and connection.info.transaction_status != TransactionStatus.IDLE:
            await psycopg.AsyncCursor(connection).execute(b'ROLLBACK')
    except psycopg.Error:
        await connection.close()
