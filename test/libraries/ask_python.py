"""Who Flask, Starlette and Django take each cookie header for: one JSON value a line in, one out."""
import asyncio
import json
import sys
import time
import uuid

first = json.loads(sys.stdin.readline())
time.time = lambda: first['now']


def flask(secret):
    from flask import Flask
    app = Flask('libraries')
    app.secret_key = secret
    return lambda header: app.session_interface.open_session(app, app.request_class({'REQUEST_METHOD': 'GET', 'wsgi.url_scheme': 'http', 'HTTP_HOST': 'localhost', 'HTTP_COOKIE': header})).get('_user_id')


def starlette(secret):
    from starlette.middleware.sessions import SessionMiddleware
    seen = {}

    async def app(scope, receive, send):
        seen.update(scope['session'])
    middleware = SessionMiddleware(app, secret)
    loop = asyncio.new_event_loop()

    def ask(header):
        seen.clear()
        loop.run_until_complete(middleware({'type': 'http', 'headers': [(b'cookie', header.encode('latin-1'))]}, None, None))
        return seen.get('user_id')
    return ask


def django(secret, raw=False):
    from django.conf import settings
    from django.http import HttpRequest
    from django.http.cookie import parse_cookie
    settings.configure(SECRET_KEY=secret)
    from django.contrib.sessions.backends.signed_cookies import SessionStore

    def signed(header):
        request = HttpRequest()
        request.COOKIES = parse_cookie(header)
        return request.get_signed_cookie('uid', max_age=1209600)

    # A store that cannot load its value is an empty one.
    def session(header):
        return SessionStore(parse_cookie(header)['sessionid']).load()['_auth_user_id']
    return signed if raw else session


ask = {'flask': flask, 'starlette': starlette, 'django': django, 'django-raw': lambda secret: django(secret, True)}[first['library']](first['secret'])
for line in sys.stdin:
    try:
        user = ask(json.loads(line))
    except Exception:
        user = None
    print(json.dumps(str(user) if isinstance(user, (str, int, uuid.UUID)) and not isinstance(user, bool) else None))
