"""What the database refused, whichever driver or framework says so."""

from __future__ import annotations

from typing import Iterator, Optional


def sql_state(error: Optional[BaseException]) -> Optional[str]:
    """The SQLSTATE of an error of psycopg, psycopg2 or asyncpg, or of one of Django's or SQLAlchemy's around it."""
    for link in _chain(error):
        code = getattr(link, 'sqlstate', None) or getattr(link, 'pgcode', None)
        if isinstance(code, str) and len(code) == 5:
            return code
    return None


def http_status(error: Optional[BaseException]) -> Optional[int]:
    """
    What an HTTP API answers: 401 for 28000 (no valid session), 403 for 42501 (not allowed), and None for everything
    else, which is no matter of authorization and best raised further.
    """
    # The server has no 28000 of its own but for connections that it turns away: not the user's fault.
    if any(getattr(getattr(link, 'diag', None), 'severity_nonlocalized', None) == 'FATAL' for link in _chain(error)):
        return None
    return {'28000': 401, '42501': 403}.get(sql_state(error) or '')


def without_frames(error: Exception) -> Exception:
    """The error without the frames of the drivers that it came through, whose variables hold the values that were bound."""
    for link in _chain(error):
        link.__traceback__ = None
    return error


def _chain(error: Optional[BaseException]) -> Iterator[BaseException]:
    """The error and what it was raised from: SQLAlchemy keeps that in `orig`."""
    seen = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        inner = getattr(error, 'orig', None) or error.__cause__
        error = inner if isinstance(inner, BaseException) else None
