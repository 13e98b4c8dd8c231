"""
authenticate over a driver's connection, with the values bound by the server.

A driver's own cursor may put values into the statement's text, where pg_stat_activity and logs show them: psycopg2's
always does, and psycopg's where its cursors are ClientCursors, as Django makes them.
"""

from __future__ import annotations

from typing import Any, List, Optional

from .credentials import Credentials
from .errors import without_frames


def authenticate(connection: Any, credentials: Credentials, paramstyle: str = 'format') -> Optional[str]:
    """
    The user whom the connection's transaction acts for from now on, or None. `connection` is one of psycopg's or
    psycopg2's, or any other DB-API connection whose driver binds on the server; `paramstyle` is then the driver's.
    """
    if getattr(connection, 'autocommit', False) is True:
        raise ValueError('session_auth needs a transaction: this connection commits each statement by itself')
    try:
        if _is_of(connection, 'psycopg2'):
            from . import libpq

            return libpq.authenticate(connection, credentials)
        if _is_of(connection, 'psycopg'):
            return _with_psycopg(connection, credentials)
        return _with_cursor(connection.cursor(), credentials, paramstyle)
    except Exception as error:
        raise without_frames(error)


def _is_of(connection: Any, driver: str) -> bool:
    return any(base.__module__.partition('.')[0] == driver for base in type(connection).__mro__)


def _with_psycopg(connection: Any, credentials: Credentials) -> Optional[str]:
    import psycopg
    from psycopg.rows import tuple_row

    with psycopg.Cursor(connection, row_factory=tuple_row) as cursor:
        row = cursor.execute(text_of(credentials), credentials.values(connection.info.encoding)).fetchone()
    return row[0] if row else None


def text_of(credentials: Credentials) -> bytes:
    """In bytes, as psycopg's types want a statement that is no literal."""
    return credentials.statement(*placeholders(credentials, 'format')).encode()


def _with_cursor(cursor: Any, credentials: Credentials, paramstyle: str) -> Optional[str]:
    try:
        cursor.execute(credentials.statement(*placeholders(credentials, paramstyle)), credentials.values())
        row = cursor.fetchone()
    finally:
        cursor.close()
    return row[0] if row else None


_STYLES = {'format': '%s', 'pyformat': '%s', 'qmark': '?', 'numeric': ':{}', 'numeric_dollar': '${}'}


def placeholders(credentials: Credentials, paramstyle: str) -> List[str]:
    if paramstyle not in _STYLES:
        raise ValueError(f'invalid paramstyle {paramstyle!r}: it must be one of {", ".join(_STYLES)}')
    return [_STYLES[paramstyle].format(place) for place, _ in enumerate(credentials.values(), 1)]
