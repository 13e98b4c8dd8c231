"""One round trip with psycopg 3."""
import os

import psycopg


# shown
def accounts_of(connection, token):
    with connection.pipeline(), connection.transaction():
        connection.execute('SELECT (session_auth.authenticate(%s)).user_id', [token])
        accounts = connection.execute('SELECT id FROM accounts ORDER BY id')
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
