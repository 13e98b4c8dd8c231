"""What SQLAlchemy's identity map keeps for another user, and lazy loads where nobody acts."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../frameworks'))
from tap import equal

import sqlalchemy
from session_auth import Credentials
from session_auth.sqlalchemy import authenticate_sessions
from sqlalchemy import Column, ForeignKey, Integer, Text, create_engine, event, text
from sqlalchemy.orm import declarative_base, relationship, selectinload, sessionmaker

print(f'# with SQLAlchemy {sqlalchemy.__version__}', flush=True)
Base = declarative_base()


class Account(Base):
    __tablename__ = 'accounts'
    id = Column(Integer, primary_key=True)
    name = Column(Text)
    payments = relationship('Payment')


class Payment(Base):
    __tablename__ = 'payments'
    id = Column(Integer, primary_key=True)
    account_id = Column(Integer, ForeignKey('accounts.id'))


class Notice(Base):
    __tablename__ = 'notices'
    id = Column(Integer, primary_key=True)
    name = Column(Text)


class Rule(Base):
    __tablename__ = 'rules'
    id = Column(Integer, primary_key=True)
    name = Column(Text)


engine = create_engine('postgresql+psycopg2://', pool_size=1, max_overflow=0, pool_timeout=1)
Session = sessionmaker(engine)  # begins each transaction as who acts
Guarded = sessionmaker(engine)  # does so by the package, which also looks at what a session holds
acting = None


@event.listens_for(Session, 'after_begin')
def after_begin(session, transaction, connection):
    if acting:
        connection.execute(authenticate, {'token': os.environ[acting]})


authenticate = text('SELECT session_auth.authenticate(:token)')
authenticate_sessions(Guarded, lambda: acting and Credentials.of_token(os.environ[acting]))


def as_user(user):
    global acting
    acting = user


def held_by(kind, user):
    """A session that has committed that user's transaction and goes on holding an account of it."""
    as_user(user)
    session = kind(expire_on_commit=False)
    account = session.get(Account, 1)
    session.commit()
    return session, account


def refusal_of(work):
    try:
        return work()
    except sqlalchemy.exc.SQLAlchemyError as error:
        return type(error).__name__


def name_of(account):
    return account and account.name


# ------------------------------------------------------ a session of several requests

session, adas = held_by(Session, 'ADA')
as_user('UWE')
equal(name_of(session.get(Account, 1)), 'Savings', 'the leak: expire_on_commit=False and one session, and he gets her account, unasked')
session.close()
equal(name_of(session.get(Account, 1)), None, 'closed after each request, it asks, and he has none')
session.close()
session, adas = held_by(Guarded, 'ADA')
as_user('UWE')
equal(refusal_of(lambda: session.query(Account).all()), 'InvalidRequestError', "with the package, his first transaction over what it holds of hers is an error")
session.close()

as_user('ADA')
session = Session()
adas = session.get(Account, 1)
session.commit()
as_user('UWE')
equal(name_of(session.get(Account, 1)), None, 'by default a commit is enough')
session.close()

# ------------------------------------------------- two users within one transaction

as_user('ADA')
for cleared in (False, True):
    session = Session()
    adas = session.get(Account, 1)
    session.execute(authenticate, {'token': os.environ['UWE']})
    if cleared:
        session.expunge_all()
        equal(name_of(session.get(Account, 1)), None, 'after expunge_all() it asks')
    else:
        equal(name_of(session.get(Account, 1)), 'Savings', 'the leak: another user within one transaction gets her account')
    session.close()

# ------------------------------------------------------------------- lazy loads

session, adas = held_by(Session, 'ADA')
as_user(None)
equal(len(adas.payments), 0, 'no rows: what is first loaded after the transaction nobody asks for')
session.close()
session, adas = held_by(Guarded, 'ADA')
as_user(None)
equal(refusal_of(lambda: adas.payments), 'InvalidRequestError', 'with the package it is an error')
session.close()
session, adas = held_by(Session, 'ADA')
session.close()
equal(refusal_of(lambda: adas.payments), 'DetachedInstanceError', 'so it is once the session is closed')
as_user('ADA')
session = Session(expire_on_commit=False)
eager = session.query(Account).options(selectinload(Account.payments)).filter_by(id=1).one()
session.commit()
as_user(None)
equal(len(eager.payments), 1, 'loaded within it, they are there')
session.close()

as_user('ADA')
with Session() as session:
    session.get(Account, 1)
    with Session() as another:
        equal(refusal_of(lambda: another.get(Account, 1)), 'TimeoutError', 'a pool of 1: a second session waits for the first, up to pool_timeout')
    equal(len(session.get(Account, 1).payments), 1, 'the same session does not')

# --------------------------------------- changes of no row: findings/change-of-no-row.sh


def refusal_of_change(kind):
    with Session() as session:
        session.get(kind, 1).name = 'after'
        try:
            session.commit()
        except sqlalchemy.exc.SQLAlchemyError as error:
            return getattr(getattr(error, 'orig', None), 'pgcode', type(error).__name__)


equal(refusal_of_change(Notice), 'StaleDataError', 'a change that the policies refuse is an error of the mapper')
equal(refusal_of_change(Rule), '42501', "with denied => 'error' it is the policies'")
