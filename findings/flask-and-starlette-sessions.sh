#!/usr/bin/env bash
# Flask and Starlette call and sign their session alike, and do not read each other's.
#
# Versions: Flask 2.2.2, Starlette 0.26.1, itsdangerous 2.1.2, Django 3.2.25, of Debian 12 (packages python3-flask,
# python3-starlette, python3-itsdangerous and python3-django).
# Behaviour: both keep the session in a cookie named session, which the same class of itsdangerous signs with HMAC-SHA1.
# Flask derives its key as an HMAC of the salt cookie-session, Starlette by the library's own default; the payload is
# base64url without padding there, base64 with it here. And both refuse a cookie that is one second ahead of their
# clock, as one by another server's clock is; Django takes it.
# Seen: Flask reads Starlette's: False     Starlette reads Flask's: False
#       one second ahead: Flask False, Starlette False, Django True
# Matters to: whoever shares a secret between a Flask and a FastAPI application, or runs several servers.
#
# Uses Debian's packages as they are installed, and fails when one answers otherwise.
set -euo pipefail

seen=$(/usr/bin/python3 -B - <<'PY'
import base64
import json
import time
from importlib.metadata import version
from unittest import mock

import itsdangerous
from django.conf import settings
from django.core import signing
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from starlette.middleware.sessions import SessionMiddleware

wanted = {'flask': '2.2.2', 'starlette': '0.26.1', 'itsdangerous': '2.1.2', 'django': '3.2.25'}
have = {name: version(name) for name in wanted}
assert have == wanted, have

SECRET = 'a secret of both'
settings.configure(SECRET_KEY=SECRET)
app = Flask(__name__)
app.secret_key = SECRET
flask = SecureCookieSessionInterface().get_signing_serializer(app)
starlette = SessionMiddleware(None, SECRET)


def by_starlette():
    return starlette.signer.sign(base64.b64encode(json.dumps({'user_id': 42}).encode()))


def read(reader):
    try:
        reader()
        return True
    except (itsdangerous.BadSignature, signing.BadSignature):
        return False


def flask_reads(cookie):
    return read(lambda: flask.loads(cookie, max_age=3600))


def starlette_reads(cookie):
    return read(lambda: starlette.signer.unsign(cookie, max_age=3600))


print('Flask reads Starlette\'s:', flask_reads(by_starlette().decode()))
print('Starlette reads Flask\'s:', starlette_reads(flask.dumps({'user_id': 42})))
with mock.patch('time.time', lambda now=time.time() + 1.5: now):
    ahead = flask.dumps({'user_id': 42}), by_starlette(), signing.dumps({'user_id': 42})
print(f'one second ahead: Flask {flask_reads(ahead[0])}, Starlette {starlette_reads(ahead[1])}, '
      f'Django {read(lambda: signing.loads(ahead[2], max_age=3600))}')
PY
)
expected='Flask reads Starlette'\''s: False
Starlette reads Flask'\''s: False
one second ahead: Flask False, Starlette False, Django True'
echo "$seen"
[[ $seen == "$expected" ]] || { echo 'this is not what was seen before' >&2; exit 1; }
