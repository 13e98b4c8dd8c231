"""What the tests in Python share: TAP lines, which SessionAuth's relay passes on, and the database's own word."""
import os

import psycopg2

seen = 0


def ok(passed, name, seen_instead=''):
    global seen
    seen += 1
    print(f"{'ok' if passed else 'not ok'} {seen} - {name}", flush=True)
    if not passed:
        print(f'# {seen_instead}', flush=True)


def equal(got, wanted, name):
    ok(got == wanted, name, f'got {got!r}, wanted {wanted!r}')


def as_admin(statement, *values):
    """The first column of the first row that a statement of the administrator's answers."""
    connection = psycopg2.connect(user=os.environ['ADMIN'])
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            row = cursor.fetchone() if cursor.description else None
            return row and row[0]
    finally:
        connection.close()


def user_of(cookie):
    """Whom the database finds in a Cookie header, or None where it refuses it."""
    return as_admin("SELECT user_id FROM session_auth.authenticate_request(%s, NULL, on_refused => 'nobody')", cookie)


def tampered(value):
    """The value with one character in its middle replaced."""
    at = len(value) // 2
    return value[:at] + ('A' if value[at] != 'A' else 'B') + value[at + 1:]
