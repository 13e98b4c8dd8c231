"""
Django: a middleware that runs each view in one transaction, which knows whose cookie came with the request.

    MIDDLEWARE = [..., 'session_auth.django.SessionAuthMiddleware']       # the last one
    SESSION_AUTH = {'OPTIONAL': True, 'DATABASE': 'default'}              # these are the defaults

ATOMIC_REQUESTS opens its transaction around the view, after all middleware: it becomes a savepoint in this one.
"""

from __future__ import annotations

from typing import Any, Callable, Iterable, Iterator, Optional, TypeVar

from django.conf import settings
from django.db import Error, connections, transaction
from django.http import HttpResponse
from django.utils.cache import patch_vary_headers

from . import binding
from .credentials import Credentials
from .errors import http_status

Row = TypeVar('Row')


def _option(name: str, default: Any) -> Any:
    return getattr(settings, 'SESSION_AUTH', {}).get(name, default)


def authenticate(request: Any, *, optional: bool, using: str) -> Optional[str]:
    """Whom the transaction that is open acts for from now on: the sender of the request, or None."""
    connection = connections[using]
    connection.ensure_connection()
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError('session_auth needs a transaction: call it within transaction.atomic()')
    shown = Credentials.of_headers(request.headers.get('Cookie'), request.headers.get('Authorization'), optional=optional)
    with connection.wrap_database_errors:
        return binding.authenticate(connection.connection, shown)


class SessionAuthMiddleware:
    """
    Sets request.database_user, to None for nobody. With SESSION_AUTH['OPTIONAL'] false, who is refused gets 401.
    28000 that a view raises becomes 401, 42501 becomes 403; refused() makes these answers. What a view wrote before it
    raised is rolled back, whatever becomes of the exception.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self.get_response = get_response
        self.using = _option('DATABASE', 'default')
        self.optional = _option('OPTIONAL', True)

    def __call__(self, request: Any) -> Any:
        response = self._answer(request)
        # caches between here and the browser, Django's own too, would give it to others
        patch_vary_headers(response, ('Cookie', 'Authorization'))
        return response

    def _answer(self, request: Any) -> Any:
        with transaction.atomic(using=self.using):
            try:
                request.database_user = authenticate(request, optional=self.optional, using=self.using)
            except Error as error:
                transaction.set_rollback(True, using=self.using)
                status = http_status(error)
                if status is None:
                    raise
                return self.refused(request, status)
            return self.get_response(request)

    def process_exception(self, request: Any, exception: Exception) -> Optional[Any]:
        transaction.set_rollback(True, using=self.using)
        status = http_status(exception)
        return None if status is None else self.refused(request, status)

    def refused(self, request: Any, status: int) -> Any:
        """The answer of 401 or 403: override it for a page, or for the way to the login."""
        return HttpResponse(status=status)


def streamed(request: Any, rows: Callable[[], Iterable[Row]]) -> Iterator[Row]:
    """
    For a StreamingHttpResponse, which is read after the view's transaction: what rows() answers, in a transaction of
    its own for the request's sender. It lasts until the last row was sent or the response is closed.
    """
    using, optional = _option('DATABASE', 'default'), _option('OPTIONAL', True)
    with transaction.atomic(using=using):
        authenticate(request, optional=optional, using=using)
        yield from rows()
