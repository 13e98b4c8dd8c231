"""
Bound values for psycopg2, whose cursors have none: they write each value into the statement's text.

psycopg2 hands out libpq's connection for C functions (`pgconn_ptr`, from 2.8 on), and libpq itself binds. The
connection must be its thread's own meanwhile, as SQLAlchemy and Django keep it.
"""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any, Optional

import psycopg2
import psycopg2.errors
import psycopg2.extensions

from .binding import placeholders
from .credentials import Credentials

_TUPLES_OK = 2
_SQLSTATE = ord('C')


@lru_cache(maxsize=None)
def _libpq() -> ctypes.CDLL:
    """The libpq that psycopg2 itself is linked with, which may be another than the system's."""
    library = ctypes.CDLL(psycopg2._psycopg.__file__)
    pointer, number, text = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
    for name, result, arguments in (
        ('PQexecParams', pointer, [pointer, text, number, pointer, ctypes.POINTER(text), pointer, pointer, number]),
        ('PQresultStatus', number, [pointer]),
        ('PQresultErrorField', text, [pointer, number]),
        ('PQresultErrorMessage', text, [pointer]),
        ('PQntuples', number, [pointer]),
        ('PQgetisnull', number, [pointer, number, number]),
        ('PQgetvalue', text, [pointer, number, number]),
        ('PQerrorMessage', text, [pointer]),
        ('PQclear', None, [pointer]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def authenticate(connection: Any, credentials: Credentials) -> Optional[str]:
    """As binding.authenticate(), in psycopg2's transaction, which is begun if it is not yet."""
    # psycopg2 sends BEGIN before its own next statement alone. A large object that is not opened (mode n) sends BEGIN
    # and no statement.
    if connection.info.transaction_status == psycopg2.extensions.TRANSACTION_STATUS_IDLE:
        connection.lobject(1, 'n').close()
    library = _libpq()
    encoding = psycopg2.extensions.encodings[connection.encoding]
    result = _answer(library, connection.pgconn_ptr, credentials, encoding)
    if not result:
        raise psycopg2.OperationalError(library.PQerrorMessage(connection.pgconn_ptr).decode(encoding, 'replace'))
    try:
        if library.PQresultStatus(result) != _TUPLES_OK:
            raise _error_of(library, result, encoding)
        if not library.PQntuples(result) or library.PQgetisnull(result, 0, 0):
            return None
        return str(library.PQgetvalue(result, 0, 0).decode(encoding))
    finally:
        library.PQclear(result)


def _answer(library: ctypes.CDLL, connection: int, credentials: Credentials, encoding: str) -> Any:
    statement = credentials.statement(*placeholders(credentials, 'numeric_dollar')).encode()
    values = [None if value is None else value.encode(encoding) for value in credentials.values(encoding)]
    return library.PQexecParams(connection, statement, len(values), None, (ctypes.c_char_p * len(values))(*values), None, None, 0)


def _error_of(library: ctypes.CDLL, result: int, encoding: str) -> psycopg2.Error:
    """psycopg2's own error for a result, with its SQLSTATE as `pgcode`."""
    message = (library.PQresultErrorMessage(result) or b'').decode(encoding, 'replace')
    code = library.PQresultErrorField(result, _SQLSTATE)
    if not code:
        return psycopg2.OperationalError(message)
    try:
        kind = psycopg2.errors.lookup(code.decode())
    except KeyError:
        kind = psycopg2.DatabaseError
    error = kind(message)
    # pgcode cannot be assigned; this is how psycopg2 makes an error that was pickled
    error.__setstate__({'pgcode': code.decode(), 'pgerror': message})
    return error
