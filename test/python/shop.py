"""
What the programs of test/t/python_package.t share: a shop of two people's accounts, how its rows are asked for, and
what a token must not be found in. The package itself comes from the environment that the test has installed it into.
"""
import os
import select
import socket
import sys
import tempfile
import threading
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../frameworks'))

import session_auth
from tap import as_admin, equal, ok

assert 'site-packages' in session_auth.__file__, 'the installed package, not the folder'
ACCOUNTS = 'SELECT name FROM accounts ORDER BY id'
ADAS, UWES = ['Savings', 'Travel'], ['Rent']

as_admin('''
    CREATE TABLE people (id int PRIMARY KEY, name text, role text);
    CREATE TABLE accounts (id serial PRIMARY KEY, name text, holder_id int REFERENCES people);
    CREATE EXTENSION session_auth;
    CREATE ROLE app LOGIN;
    GRANT SELECT, INSERT ON accounts TO app;
    GRANT USAGE ON SEQUENCE accounts_id_seq TO app;
    SELECT session_auth.grant_usage('app', 'request');
    SELECT session_auth.import_permissions('{"USER": ["view:accounts", "create:accounts"]}');
    SELECT session_auth.adopt_roles('people', 'id', 'role');
    SELECT session_auth.protect_table('accounts', owner_column => 'holder_id');
    INSERT INTO people VALUES (1, 'ada', 'USER'), (2, 'uwe', 'USER');
    INSERT INTO accounts (name, holder_id) VALUES ('Savings', 1), ('Travel', 1), ('Rent', 2)''')


def token_of(user):
    return as_admin('SELECT token FROM session_auth.create_session(%s)', user)


ada, uwe = token_of('1'), token_of('2')
madeup = 'sat_' + 'A' * 43  # never in a line of a program, which a traceback shows


def with_token(token):
    """The header of a request with that token."""
    return {'Authorization': f'Bearer {token}'} if token else {}


def count_of(name):
    return as_admin('SELECT count(*) FROM accounts WHERE name = %s', name)


# ------------------------------------------------------------------------- errors


def error_of(call, *arguments):
    """The error that a call raises, or None."""
    try:
        call(*arguments)
    except Exception as error:
        return error
    return None


def everything_in(error):
    """An error and those before it as a log has them, and as an error tracker does, with each frame's variables."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    attributes, link = [], error
    while link is not None:
        attributes += [repr(link), repr(vars(link)), repr(getattr(getattr(link, 'cursor', None), 'query', None))]
        link = getattr(link, 'orig', None) or link.__cause__
    return ''.join(told.format()) + '\n'.join(attributes)


def hides(error, token, name):
    ok(error is not None and token not in everything_in(error), name, error and everything_in(error))


# -------------------------------------------------------------------- round trips


class Relay:
    """
    Stands between clients and the server, and counts: what a client sends after an answer is the next round trip. What
    the server says waits for a moment, in which a client that does not wait for it has sent all of its own.
    """

    def __init__(self):
        self.trips = 0
        self.host = tempfile.mkdtemp()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f'{self.host}/.s.PGSQL.{os.environ["PGPORT"]}')
        self.listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            client = self.listener.accept()[0]
            server = socket.socket(socket.AF_UNIX)
            server.connect(f'{os.environ["PGHOST"]}/.s.PGSQL.{os.environ["PGPORT"]}')
            threading.Thread(target=self._relay, args=(client, server), daemon=True).start()

    def _relay(self, client, server):
        answered = True
        while True:
            if client not in select.select([client, server], [], [])[0]:
                time.sleep(0.05)
            from_client = client in select.select([client], [], [], 0)[0]
            source, target = (client, server) if from_client else (server, client)
            try:
                data = source.recv(1 << 16)
                if data:
                    target.sendall(data)
            except ConnectionError:
                data = b''
            if not data:
                client.close()
                server.close()
                return
            self.trips += from_client and answered
            answered = not from_client

    def trips_of(self, call, *arguments):
        before = self.trips
        call(*arguments)
        return self.trips - before
