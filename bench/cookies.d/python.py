#!/usr/bin/python3
"""Python's web frameworks, each of which reads its own cookies: see bench/cookies."""
import datetime
import hashlib
import json
import os
import sys
import time

ROUNDS = 15
SOME = 200  # cookies that are read in a round
SESSION = json.load(open(os.path.join(os.path.dirname(__file__), "session.json"), encoding="utf-8"))


def shortest(call, inputs):
    """Microseconds of one call, in the shortest of several rounds."""
    best = 1e9
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for value in inputs:
            call(value)
        best = min(best, time.perf_counter() - start)
    return best / len(inputs) * 1e6


def check(found):
    if not found:
        raise SystemExit("a cookie was refused")


def django_settings(secret, **more):
    from django.conf import settings
    settings.configure(SECRET_KEY=secret, USE_TZ=True, **more)


def django(secret, count):
    """SessionStore of signed_cookies, which reads a cookie that is refused as an empty session."""
    django_settings(secret)
    from django.contrib.sessions.backends.signed_cookies import SessionStore
    from django.http import parse_cookie

    def made(n):
        store = SessionStore()
        store.update({"_auth_user_id": str(n), "_auth_user_backend": "django.contrib.auth.backends.ModelBackend",
                      "_auth_user_hash": hashlib.sha256(str(n).encode()).hexdigest(), **SESSION})
        store.save()
        return f"sessionid={store.session_key}"
    return dict(setup="SELECT session_auth.add_cookie_secret('django', :'secret')", cookies=map(made, range(count)),
                cookie=lambda header: check(SessionStore(parse_cookie(header)["sessionid"]).get("_auth_user_id")))


def django_signed_cookie(secret, count):
    django_settings(secret)
    from django.core.signing import get_cookie_signer
    from django.http import HttpRequest, parse_cookie
    signer = get_cookie_signer(salt="user")

    def read(header):
        request = HttpRequest()
        request.COOKIES = parse_cookie(header)
        check(request.get_signed_cookie("user", max_age=1209600))
    return dict(setup="SELECT session_auth.add_cookie_secret('django', :'secret', cookie_names => '{user}', id_path => '{}')",
                cookies=(f"user={signer.sign(f'user-{n}')}" for n in range(count)), cookie=read)


def django_rows(secret, count):
    """The sessions of the engine db and the user of each, as the middlewares ask for them at each request."""
    apps = ["auth", "contenttypes", "sessions"]
    django_settings(secret, INSTALLED_APPS=[f"django.contrib.{app}" for app in apps], MIGRATION_MODULES=dict.fromkeys(apps),
                    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "HOST": os.environ["PGHOST"],
                                           "NAME": os.environ["PGDATABASE"], "USER": os.environ["PGUSER"]}})
    import django
    django.setup()
    from django.contrib.auth import get_user
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session
    from django.core.management import call_command
    from django.db import connection
    from django.http import HttpRequest, parse_cookie
    call_command("migrate", run_syncdb=True, verbosity=0)
    users = User.objects.bulk_create(User(username=f"user-{n}", password=f"!{n}") for n in range(count))
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=14)
    sessions = Session.objects.bulk_create(
        Session(session_key=hashlib.sha256(user.username.encode()).hexdigest()[:32], expire_date=end, session_data=SessionStore().encode(
            {"_auth_user_id": str(user.pk), "_auth_user_backend": "django.contrib.auth.backends.ModelBackend",
             "_auth_user_hash": user.get_session_auth_hash(), **SESSION})) for user in users)

    def read(header):
        request = HttpRequest()
        request.COOKIES = parse_cookie(header)
        request.session = SessionStore(request.COOKIES["sessionid"])
        check(get_user(request).is_authenticated)

    def round_trips(_):
        with connection.connection.cursor() as cursor:
            cursor.execute("SELECT 1")  # the session
            cursor.execute("SELECT 1")  # the user
    return dict(setup="SELECT session_auth.add_cookie_secret('django', :'secret'); SELECT session_auth.adopt_sessions("
                "'django_session', 'session_key', 'session_data', 'expire_date', user_form => 'django')",
                cookies=(f"sessionid={session.session_key}" for session in sessions), row=read, round_trips=round_trips)


class Request:
    """Of a request, what reading a session wants."""

    def __init__(self, cookies):
        self.cookies = cookies


def flask(secret, count):
    from flask import Flask
    from werkzeug.http import parse_cookie
    app = Flask("bench")
    app.secret_key = secret
    opens = app.session_interface.open_session
    signer = app.session_interface.get_signing_serializer(app)
    identifier = hashlib.sha512(b"a browser").hexdigest()
    return dict(setup="SELECT session_auth.add_cookie_secret('flask', :'secret')",
                cookies=("session=" + signer.dumps({"_user_id": str(n), "_fresh": True, "_id": identifier, **SESSION}) for n in range(count)),
                cookie=lambda header: check(opens(app, Request(parse_cookie(header))).get("_user_id")))


def flask_login(secret, count):
    from flask import Flask
    from flask_login.utils import decode_cookie, encode_cookie
    from werkzeug.http import parse_cookie
    app = Flask("bench")
    app.secret_key = secret
    app.app_context().push()
    return dict(setup="SELECT session_auth.add_cookie_secret('flask-login', :'secret', without_end => true)",
                cookies=("remember_token=" + encode_cookie(str(n)) for n in range(count)),
                cookie=lambda header: check(decode_cookie(parse_cookie(header)["remember_token"])))


def starlette(secret, count):
    """SessionMiddleware, a coroutine that is never suspended."""
    import base64
    from starlette.middleware.sessions import SessionMiddleware

    async def app(scope, receive, send):
        check(scope["session"].get("user_id"))
    middleware = SessionMiddleware(app, secret)

    def read(header):
        try:
            middleware({"type": "http", "headers": [(b"cookie", header.encode("latin-1"))]}, None, None).send(None)
        except StopIteration:
            return
        raise SystemExit("a cookie was waited for")

    def made(n):
        return "session=" + middleware.signer.sign(base64.b64encode(json.dumps({"user_id": str(n), **SESSION}).encode())).decode()
    return dict(setup="SELECT session_auth.add_cookie_secret('starlette', :'secret')", cookies=map(made, range(count)), cookie=read)


KINDS = {
    "django": django,
    "django get_signed_cookie": django_signed_cookie,
    "django, engine db": django_rows,
    "flask": flask,
    "flask-login": flask_login,
    "starlette": starlette,
}


def main(name, secret, count):
    kind = KINDS[name](secret, int(count))
    cookies = list(kind["cookies"])
    print(*(shortest(kind[what], cookies[:SOME]) if what in kind else "" for what in ("cookie", "row", "round_trips")), sep="\t")
    print(kind["setup"], *cookies, sep="\n")


if len(sys.argv) == 1:
    print(*KINDS, sep="\n")
else:
    main(*sys.argv[1:])
