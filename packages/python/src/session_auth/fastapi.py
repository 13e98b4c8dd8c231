"""
FastAPI and Starlette: a dependency that opens a transaction for the request's sender.

    as_sender = session_auth.fastapi.sender(engine)
    session_auth.fastapi.add_error_handlers(app)

    @app.get('/')
    def accounts(connection=Depends(as_sender)): ...

The source is SQLAlchemy's Engine or AsyncEngine, or psycopg_pool's ConnectionPool or AsyncConnectionPool.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from typing import Any, AsyncIterator, Callable, Iterator, Type

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from .credentials import Credentials
from .errors import http_status


def sender(source: Any, *, optional: bool = False, read_only: bool = False) -> Callable[[Request], Any]:
    """A dependency that yields the connection; what follows a refusal is 28000, or nobody's with `optional`."""

    def dependency(request: Request) -> Iterator[Any]:
        with transaction(source, request, optional=optional, read_only=read_only) as connection:
            yield connection

    async def async_dependency(request: Request) -> AsyncIterator[Any]:
        async with async_transaction(source, request, optional=optional, read_only=read_only) as connection:
            yield connection

    is_async = any(base.__name__ in ('AsyncEngine', 'AsyncConnectionPool') for base in type(source).__mro__)
    return async_dependency if is_async else dependency


@contextmanager
def transaction(source: Any, request: Request, *, optional: bool = False, read_only: bool = False) -> Iterator[Any]:
    """The same where a route shall commit before it answers: with transaction(engine, request) as connection."""
    shown = _credentials(request, optional)
    if _is_sqlalchemy(source):
        from .sqlalchemy import transaction as with_sqlalchemy

        with with_sqlalchemy(source, shown, read_only=read_only) as connection:
            yield connection
    else:
        from .psycopg import transaction as with_psycopg

        with source.connection() as lent, with_psycopg(lent, shown, read_only=read_only) as connection:
            yield connection


@asynccontextmanager
async def async_transaction(source: Any, request: Request, *, optional: bool = False, read_only: bool = False) -> AsyncIterator[Any]:
    """transaction() for an AsyncEngine or an AsyncConnectionPool."""
    shown = _credentials(request, optional)
    if _is_sqlalchemy(source):
        from .sqlalchemy import async_transaction as with_sqlalchemy

        async with with_sqlalchemy(source, shown, read_only=read_only) as connection:
            yield connection
    else:
        from .psycopg import async_transaction as with_psycopg

        async with source.connection() as lent, with_psycopg(lent, shown, read_only=read_only) as connection:
            yield connection


def add_error_handlers(app: FastAPI) -> None:
    """28000 becomes the answer 401, 42501 becomes 403, whichever of the drivers that are installed raises it."""

    async def refused(request: Request, error: Exception) -> JSONResponse:
        status = http_status(error)
        if status is None:
            raise error
        return JSONResponse({'detail': 'Log in' if status == 401 else 'Not allowed'}, status)

    for module, name in (('sqlalchemy.exc', 'DBAPIError'), ('psycopg', 'Error'), ('psycopg2', 'Error')):
        try:
            kind: Type[Exception] = getattr(import_module(module), name)
        except ImportError:
            continue
        app.add_exception_handler(kind, refused)


def _credentials(request: Request, optional: bool) -> Credentials:
    # HTTP/2 may bring cookies in several headers
    cookie = '; '.join(request.headers.getlist('cookie')) or None
    return Credentials.of_headers(cookie, request.headers.get('authorization'), optional=optional)


def _is_sqlalchemy(source: Any) -> bool:
    return any(base.__module__.partition('.')[0] == 'sqlalchemy' for base in type(source).__mro__)
