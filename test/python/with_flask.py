"""session_auth.flask: sessions of SQLAlchemy in Flask's requests."""
from shop import ADAS, UWES, ada, count_of, equal, madeup, uwe, with_token

import flask
import session_auth.flask
import sqlalchemy
from flask import Flask, Response, jsonify, stream_with_context
from sqlalchemy import create_engine, text
from sqlalchemy.orm import scoped_session, sessionmaker

print(f'# with Flask {flask.__version__}, SQLAlchemy {sqlalchemy.__version__}', flush=True)


def application(optional):
    app = Flask(__name__)
    app.testing = False
    Session = sessionmaker(create_engine('postgresql+psycopg2://', pool_size=1, max_overflow=0))
    database = scoped_session(Session)
    session_auth.flask.init_app(app, Session, optional=optional)

    @app.teardown_appcontext
    def give_back(error):
        database.remove()

    def run(statement):
        return [row[0] for row in database.execute(text(statement))]

    @app.get('/')
    def accounts():
        return jsonify(run('SELECT name FROM accounts ORDER BY id'))

    @app.get('/denied')
    def denied():
        database.execute(text("INSERT INTO accounts (name, holder_id) VALUES ('Lost', 1)"))
        run("SELECT session_auth.require_permission('delete', 'accounts')")

    @app.get('/stream')
    def stream():
        return Response(stream_with_context(name for name in run('SELECT name FROM accounts ORDER BY id')))

    @app.get('/late')
    def late():
        def rows():
            yield from run('SELECT name FROM accounts ORDER BY id')
        return Response(stream_with_context(rows()))

    @app.get('/broken')
    def broken():
        run('SELECT 1 / 0')

    with app.app_context():
        equal(run('SELECT session_auth.user_id()'), [None], 'without a request nobody acts')
        database.remove()
    return app.test_client()


def get(client, url, token):
    response = client.get(url, headers=with_token(token))
    return response.json if response.status_code == 200 else response.status_code


client = application(optional=True)
equal([get(client, '/', token) for token in (ada, uwe, ada, None, madeup)], [ADAS, UWES, ADAS, [], []], 'each has their accounts, on one connection')
equal([get(client, '/denied', ada), get(client, '/denied', None)], [403, 403], 'who is denied gets 403')
equal(count_of('Lost'), 0, 'and has written nothing')
streamed = [client.get(url, headers=with_token(ada)).get_data(as_text=True) for url in ('/stream', '/late')]
equal(streamed, ['SavingsTravel'] * 2, 'with stream_with_context what is streamed has her rows')
equal(get(client, '/broken', ada), 500, 'other errors are what they are')
client = application(optional=False)
equal([get(client, '/', ada), get(client, '/', None), get(client, '/', madeup)], [ADAS, 401, 401], 'where it is not optional, who is refused gets 401')
