"""
Flask with SQLAlchemy: each transaction that a request's session begins acts for the request's sender.

    Session = sessionmaker(engine)
    session_auth.flask.init_app(app, Session)
"""

from __future__ import annotations

from typing import Any, Optional

from flask import Flask, has_request_context, jsonify, request
from sqlalchemy.exc import DBAPIError

from .credentials import Credentials
from .errors import http_status
from .sqlalchemy import authenticate_sessions


def init_app(app: Flask, session: Any, *, optional: bool = True) -> None:
    """
    `session` is a sessionmaker or a Session class; give back its sessions after each request (scoped_session.remove(),
    which Flask-SQLAlchemy does). 28000 becomes the answer 401, 42501 becomes 403. Without a request nobody acts.
    """

    def credentials() -> Optional[Credentials]:
        if not has_request_context():
            return None
        return Credentials.of_headers(request.headers.get('Cookie'), request.headers.get('Authorization'), optional=optional)

    def refused(error: DBAPIError) -> Any:
        status = http_status(error)
        if status is None:
            raise error
        return jsonify(message='Log in' if status == 401 else 'Not allowed'), status

    authenticate_sessions(session, credentials)
    app.register_error_handler(DBAPIError, refused)
