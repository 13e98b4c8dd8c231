"""What somebody shows to be known by: a token, or the headers of a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional, Tuple


class Hidden(Tuple[Optional[str], ...]):
    """Values that no traceback with local variables, as error trackers take it, shows."""

    def __repr__(self) -> str:
        return '(hidden)'


@dataclass(frozen=True)
class Credentials:
    """
    Made by of_token() or of_headers(). `optional` runs what follows as nobody where the token is missing or refused,
    instead of raising 28000. `tenant` asks for the identity of one tenant. No repr shows a token.
    """

    call: str
    shown: Tuple[Optional[str], ...] = field(repr=False)
    tenant: Optional[str] = None
    optional: bool = False

    def __post_init__(self) -> None:
        if self.tenant is not None and '\0' in self.tenant:
            raise ValueError('invalid tenant: it has a zero byte')

    @classmethod
    def of_token(cls, token: Optional[str], *, tenant: Optional[str] = None, optional: bool = False) -> Credentials:
        """A token of any kind: the cookie's value, or what stands behind "Bearer"."""
        return cls('authenticate({})', (token,), tenant, optional)

    @classmethod
    def of_headers(
        cls, cookie: Optional[str], authorization: Optional[str] = None, *, tenant: Optional[str] = None, optional: bool = False
    ) -> Credentials:
        """The headers Cookie and Authorization, whole and undecoded: the database finds the token in them."""
        return cls('authenticate_request({}, {})', (cookie, authorization), tenant, optional)

    def statement(self, *placeholders: str) -> str:
        """What authenticates, with that many placeholders as values() has values, in a driver's own style."""
        call = self.call.format(*placeholders)[:-1]
        tenant, on_refused = placeholders[len(self.shown) :]
        return f'SELECT user_id FROM session_auth.{call}, tenant => {tenant}, on_refused => {on_refused})'

    def values(self, encoding: str = 'utf-8') -> Hidden:
        """The statement's values, for a connection whose client encoding this is."""
        shown = (value if _can_be_text(value, encoding) else None for value in self.shown)
        return Hidden((*shown, self.tenant, 'nobody' if self.optional else 'error'))


def _can_be_text(value: object, encoding: str) -> bool:
    """Whether PostgreSQL's text can hold it, which has no zero byte: a token that it cannot hold is none."""
    if not isinstance(value, str) or '\0' in value:
        return False
    try:
        value.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
