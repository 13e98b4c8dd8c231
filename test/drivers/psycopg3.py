"""One round trip with psycopg 3."""
import os

import psycopg


# shown
# connection = psycopg.connect(conninfo, autocommit=True)
def accounts_of(connection, token):
    try:
        with connection.pipeline():
            connection.execute('BEGIN')
            connection.execute('SELECT (session_auth.authenticate(%s)).user_id', [token])
            accounts = connection.execute('SELECT id FROM accounts ORDER BY id')
            connection.execute('COMMIT')
    except psycopg.Error:
        connection.execute('ROLLBACK')
        raise
    return accounts.fetchall()
# end


def show(connection, token):
    try:
        print(*(row[0] for row in accounts_of(connection, token)))
    except psycopg.Error as error:
        print(error.sqlstate)


with psycopg.connect(os.environ['DATABASE_URL'], autocommit=True) as connection:
    show(connection, os.environ['TOKEN'])
    connection.execute("SELECT 'measured from here'")
    show(connection, os.environ['TOKEN'])
    connection.execute("SELECT 'measured to here'")
    show(connection, 'made-up')
    show(connection, os.environ['TOKEN'])
