"""session_auth.django: the middleware with Django's own request cycle."""
import asyncio
import os

from shop import ACCOUNTS, ADAS, UWES, ada, as_admin, count_of, equal, error_of, hides, madeup, ok, uwe, with_token

import django
from django.conf import settings

settings.configure(
    SECRET_KEY='unused here', ALLOWED_HOSTS=['testserver'], ROOT_URLCONF=__name__, USE_TZ=True, DEBUG=True,
    MIDDLEWARE=['session_auth.django.SessionAuthMiddleware'],
    DATABASES={'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': os.environ['PGDATABASE'], 'USER': os.environ['PGUSER'], 'CONN_MAX_AGE': None}})
django.setup()
from django.db import connection, models, reset_queries, transaction
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.test import AsyncClient, Client
from django.test.utils import override_settings
from django.urls import path
from session_auth import http_status, sql_state
from session_auth.django import SessionAuthMiddleware, authenticate, streamed

print(f'# with Django {django.get_version()} on {connection.Database.__name__} {connection.Database.__version__}', flush=True)


class Account(models.Model):
    name = models.TextField()
    holder_id = models.IntegerField()

    class Meta:
        app_label = 'shop'
        db_table = 'accounts'


def names():
    return list(Account.objects.order_by('id').values_list('name', flat=True))


def run(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()


def writes_and(then):
    def view(request):
        Account.objects.create(name='Lost', holder_id=1)
        return then()
    return view


def fails():
    raise ValueError('after a write')


async def asynchronous(request):
    from asgiref.sync import sync_to_async
    return JsonResponse({'names': await sync_to_async(names)(), 'user': request.database_user})


def shown(request):
    return HttpResponse(run("SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()")[0])


def late(request):
    rows = Account.objects.order_by('id')
    return StreamingHttpResponse(account.name + ' ' for account in rows.iterator(chunk_size=1))


def stream(request):
    return StreamingHttpResponse(streamed(request, lambda: (account.name + ' ' for account in Account.objects.order_by('id').iterator(chunk_size=1))))


activity = []


def watched(request):
    activity.append(as_admin('SELECT query FROM pg_stat_activity WHERE pid = %s', connection.connection.info.backend_pid))
    return HttpResponse()


urlpatterns = [
    path('', lambda request: JsonResponse({'names': names(), 'user': request.database_user})),
    path('fails/', writes_and(fails)),
    path('denied/', writes_and(lambda: HttpResponse(run("SELECT session_auth.require_permission('delete', 'accounts')")))),
    path('aborted/', writes_and(lambda: HttpResponse(repr(error_of(run, 'SELECT 1 / 0'))))),
    path('saved/', lambda request: HttpResponse(Account.objects.create(name='Kept', holder_id=1))),
    path('asynchronous/', asynchronous), path('late/', late), path('stream/', stream), path('watched/', watched)]


def visitor(token, **more):
    headers = {f'HTTP_{name.upper()}': value for name, value in with_token(token).items()}
    return Client(raise_request_exception=False, **headers, **more)


def page(token):
    response = visitor(token).get('/')
    return response.json() if response.status_code == 200 else response.status_code


equal(page(ada), {'names': ADAS, 'user': '1'}, 'her page')
equal(page(uwe), {'names': UWES, 'user': '2'}, 'his, on the same connection')
equal(page(None), {'names': [], 'user': None}, "nobody's")
equal(page(madeup), {'names': [], 'user': None}, 'who is refused is nobody')
equal(run('SELECT session_auth.user_id()')[0], None, 'nobody afterwards')
visitor(ada).get('/watched/')
ok('$1' in activity[0] and ada not in activity[0], 'authenticate binds the token', activity[0])
equal(visitor(ada).get('/')['Vary'], 'Cookie, Authorization', 'caches are told on what a page depends')
reset_queries()
ok(not any(ada in query['sql'] for query in connection.queries), 'and DEBUG keeps no token')

# -------------------------------------------------------------------------- errors

equal(visitor(ada).get('/fails/').status_code, 500, 'a view that raises after a write')
equal(visitor(ada).get('/denied/').status_code, 403, 'and one that is denied something, which is 403,')
equal(visitor(ada).get('/aborted/').status_code, 200, 'and one that swallows an error of the database')
equal(count_of('Lost'), 0, 'have written nothing')
equal(visitor(ada).get('/saved/').status_code, 200, 'another one')
equal(count_of('Kept'), 1, 'has')
as_admin("DELETE FROM accounts WHERE name = 'Kept'")
with override_settings(SESSION_AUTH={'OPTIONAL': False}):
    equal([page(ada), page(None), page(madeup)], [{'names': ADAS, 'user': '1'}, 401, 401], 'with OPTIONAL off who is refused gets 401')


class Request:
    headers = with_token(madeup)


def refuse():
    with transaction.atomic():
        authenticate(Request, optional=False, using='default')


refused = error_of(refuse)
equal((type(refused).__module__, sql_state(refused), http_status(refused)), ('django.db.utils', '28000', 401), "28000 is Django's error")
hides(refused, madeup, 'which does not hold the token')
equal(type(error_of(lambda: authenticate(Request, optional=True, using='default'))).__name__, 'TransactionManagementError', 'without a transaction authenticate is refused')


class Redirecting(SessionAuthMiddleware):
    def refused(self, request, status):
        return HttpResponse('the way in', status=302)


with override_settings(MIDDLEWARE=[f'{__name__}.Redirecting'], SESSION_AUTH={'OPTIONAL': False}):
    equal(page(None), 302, 'refused() can be overridden')
with override_settings(DATABASES={**settings.DATABASES}):
    connection.settings_dict['ATOMIC_REQUESTS'] = True
    equal(visitor(ada).get('/fails/').status_code, 500, 'ATOMIC_REQUESTS: a view that raises')
    equal(page(ada), {'names': ADAS, 'user': '1'}, 'her page')
    connection.settings_dict['ATOMIC_REQUESTS'] = False
equal(count_of('Lost'), 0, 'nothing was written')

# ------------------------------------------------------------- streams and asyncio


def content(url):
    return b''.join(visitor(ada).get(url).streaming_content)


equal(content('/late/'), b'', 'a stream of its own is read after the transaction: no rows')
equal(content('/stream/'), b'Savings Travel ', 'streamed() has her rows')
equal(run('SELECT session_auth.user_id()')[0], None, 'nobody afterwards')
left = visitor(ada).get('/stream/')
equal(next(left.streaming_content), b'Savings ', 'a stream that is left')
left.close()
ok(not connection.in_atomic_block, 'has ended its transaction')


async def in_asyncio():
    headers = with_token(ada)
    response = await AsyncClient().get('/asynchronous/', **({'headers': headers} if django.VERSION >= (4, 2) else headers))
    return response.json()


equal(asyncio.run(in_asyncio()), {'names': ADAS, 'user': '1'}, 'an asynchronous view has her rows')
