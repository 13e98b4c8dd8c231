"""
Ties Python's database drivers and web frameworks to the PostgreSQL extension session_auth.

What all modules keep: a token is a value that the driver binds, never a part of a statement's text, and neither in an
error nor in what the driver or the framework logs; nothing runs under an identity that was not verified in the same
transaction; and no identity outlives that transaction, so that connections can be shared.
"""

from .credentials import Credentials
from .errors import http_status, sql_state

__all__ = ['Credentials', 'http_status', 'sql_state']
