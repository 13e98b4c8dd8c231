"""examples/django as it stands, in Django's own request cycle, then the backend that keeps all in the cookie."""
import os
import re
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../examples/django'))
os.environ['DJANGO_SETTINGS_MODULE'] = 'shop.settings'

import django
from django.conf import settings
from django.core.cache import caches
from django.core.signing import BadSignature
from django.db import DatabaseError, connection, transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client
from django.test.utils import override_settings
from django.urls import path

from tap import as_admin, equal, ok, tampered, user_of

django.setup()
print(f'# with Django {django.get_version()}, Python {sys.version.split()[0]}', flush=True)
from django.contrib.auth.hashers import make_password
from django.contrib.auth.views import PasswordChangeView
from django.contrib.sessions.backends.cached_db import KEY_PREFIX
from shop import urls
from shop.models import Account


# ------------------------------------------------------------------------ people

PASSWORD = 'correct horse battery staple'
settings.PASSWORD_HASHERS = ['django.contrib.auth.hashers.MD5PasswordHasher']  # quick, for a test


def person(name, accounts):
    """Made by the administrator, as no page makes people or accounts."""
    user = as_admin('INSERT INTO auth_user (username, password, is_superuser, first_name, last_name, email, is_staff, is_active, date_joined) '
                    "VALUES (%s, %s, false, '', '', '', false, true, now()) RETURNING id", name, make_password(PASSWORD))
    as_admin('INSERT INTO shop_role VALUES (%s, %s)', user, 'USER')
    for account in accounts:
        as_admin('INSERT INTO shop_account (name, balance, holder_id) VALUES (%s, 10, %s)', account, user)
    return user


ada, uwe = person('ada', ['Savings', 'Travel']), person('uwe', ['Rent'])


def log_in(name):
    client = Client()
    response = client.post('/login/', {'username': name, 'password': PASSWORD})
    equal(response.status_code, 302, f'{name} logs in')
    return client


def cookie_of(client):
    return client.cookies['sessionid'].value


def with_cookie(value):
    client = Client()
    client.cookies['sessionid'] = value
    return client


def page(client, url='/'):
    return re.findall(r'<td>([A-Z]\w+(?: \w+)*)</td>', client.get(url).content.decode())


# ------------------------------------------------- django_session, Django's default

client, other = log_in('ada'), log_in('uwe')
cookie = cookie_of(client)
equal(page(client), ['Savings', 'Travel'], 'her page lists her accounts')
ok('Log out ada' in client.get('/').content.decode(), 'and offers the way out')
ok('Log in' in Client().get('/').content.decode(), "nobody's the way in")
equal(page(other), ['Rent'], 'his lists his')
equal(page(client), ['Savings', 'Travel'], 'hers lists hers again, on the same connection')
equal(page(Client()), ['No accounts'], 'nobody has none')
equal(user_of(f'sessionid={cookie}'), str(ada), 'the database finds her in the cookie')
equal(page(with_cookie(tampered(cookie))), ['No accounts'], 'a cookie with one character replaced: none')
equal(user_of(f'sessionid={tampered(cookie)}'), None, 'which the database refuses')
as_admin("UPDATE shop_role SET role = 'OTHER' WHERE user_id = %s", ada)
equal(page(client), ['No accounts'], 'a role counts from the next request on')
as_admin("UPDATE shop_role SET role = 'USER' WHERE user_id = %s", ada)
equal(client.post('/logout/').status_code, 302, 'she logs out')
equal(page(with_cookie(cookie)), ['No accounts'], 'her cookie lists nothing then')
equal(user_of(f'sessionid={cookie}'), None, 'the database refuses it')
equal(user_of(f'sessionid={cookie_of(other)}'), str(uwe), 'and not his')

urls.urlpatterns.append(path('password/', PasswordChangeView.as_view(success_url='/')))
here, there = log_in('ada'), log_in('ada')
elsewhere = cookie_of(there)
changed = {'old_password': PASSWORD, 'new_password1': 'another horse', 'new_password2': 'another horse'}
equal(here.post('/password/', changed).status_code, 302, 'she changes her password')
equal(page(here), ['Savings', 'Travel'], 'she is still logged in where she did')
equal(user_of(f'sessionid={cookie_of(here)}'), str(ada), 'the database thinks so, too')
equal(user_of(f'sessionid={elsewhere}'), None, 'and nowhere else')
as_admin('UPDATE auth_user SET is_active = false WHERE id = %s', ada)
equal(user_of(f'sessionid={cookie_of(here)}'), None, 'an account that is switched off has no session')
as_admin('UPDATE auth_user SET is_active = true, password = %s WHERE id = %s', make_password(PASSWORD), ada)


# ------------------------------------------------------------------------- cached_db

# The rows are those of the default, so what adopted django_session takes them as they are.
with override_settings(SESSION_ENGINE='django.contrib.sessions.backends.cached_db'):
    client, other_cached = log_in('ada'), log_in('uwe')
    cookie = cookie_of(client)
    equal(as_admin('SELECT count(*) FROM django_session WHERE session_key = %s', cookie), 1, 'cached_db: the cookie is the key of a row')
    ok(caches['default'].get(KEY_PREFIX + cookie), 'cached_db: and of what is in the cache')
    equal(user_of(f'sessionid={cookie}'), str(ada), 'cached_db: the database finds her')
    equal(page(client), ['Savings', 'Travel'], 'cached_db: her page')
    equal(page(other_cached), ['Rent'], 'cached_db: his')
    equal(user_of(f'sessionid={tampered(cookie)}'), None, 'cached_db: a cookie with one character replaced is refused')
    equal(client.post('/logout/').status_code, 302, 'cached_db: she logs out')
    equal(user_of(f'sessionid={cookie}'), None, 'cached_db: the database refuses her cookie')
    equal(page(with_cookie(cookie)), ['No accounts'], 'cached_db: which lists nothing')
    equal(user_of(f'sessionid={cookie_of(other_cached)}'), str(uwe), 'cached_db: and his goes on')
    as_admin('DELETE FROM django_session WHERE session_key = %s', cookie_of(other_cached))
    urls.urlpatterns.append(path('whom/', lambda request: HttpResponse(request.user.get_username())))
    equal(other_cached.get('/whom/').content, b'uwe', 'cached_db: without his row Django goes on believing its cache')
    equal(page(other_cached), ['No accounts'], 'cached_db: and lists nothing, as the row decides in the database')

# -------------------------------------------------------- what Django does around it

def counted():
    return ', '.join(account.name for account in Account.objects.order_by('id')) or 'none'


def fails(request):
    with connection.cursor() as cursor:
        cursor.execute('INSERT INTO notes VALUES (1)')
    raise ValueError('after a write')


def streams(request):
    return StreamingHttpResponse(counted() for _ in range(1))


class AuthenticatesOutside:
    """The same without a transaction around the view."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with connection.cursor() as cursor:
            cursor.execute("SELECT session_auth.authenticate_request(%s, NULL, on_refused => 'nobody')", [request.headers.get('Cookie')])
        return self.get_response(request)


urls.urlpatterns += [path('fails/', fails), path('streams/', streams), path('count/', lambda request: HttpResponse(counted()))]
as_admin('CREATE TABLE notes (id int); GRANT INSERT ON notes TO app')
other.raise_request_exception = False
equal(other.get('/fails/').status_code, 500, 'a view that raises after a write')
equal(as_admin('SELECT count(*) FROM notes'), 0, 'has written nothing')
equal(b''.join(other.get('/streams/').streaming_content), b'none', 'a stream is read after the transaction: no rows')
equal(other.get('/count/').content, b'Rent', 'the same query within it has them')
with override_settings(MIDDLEWARE=settings.MIDDLEWARE[:-1] + [f'{__name__}.AuthenticatesOutside']):
    late = with_cookie(cookie_of(other))
    equal(late.get('/count/').content, b'none', 'ATOMIC_REQUESTS opens after middleware: what authenticates without a transaction of its own is for nothing')


def sqlstate_of(error):
    return error.pgcode if hasattr(error, 'pgcode') else error.sqlstate  # psycopg 3 has another name for it


def error_of(statement, values, sender=None):
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            if sender:
                cursor.execute('SELECT session_auth.authenticate_request(%s, NULL)', [sender])
            cursor.execute(statement, values)
    except DatabaseError as error:
        return f'{type(error).__name__} {sqlstate_of(error.__cause__)}'


equal(error_of('SELECT session_auth.authenticate_request(%s, NULL)', ['sessionid=none']), 'OperationalError 28000', 'a refused cookie arrives as OperationalError')
equal(error_of("SELECT session_auth.require_permission('view', 'accounts')", []), 'OperationalError 28000', 'so does a permission that nobody asks for')
equal(error_of("SELECT session_auth.require_permission('delete', 'accounts')", [], f'sessionid={cookie_of(other)}'), 'ProgrammingError 42501', 'one that is lacking arrives as ProgrammingError')

# ---------------------------------------------------------------------- signed_cookies

time.sleep(1)  # what was ended counts in whole seconds
with override_settings(SESSION_ENGINE='django.contrib.sessions.backends.signed_cookies'):
    client = log_in('ada')
    cookie = cookie_of(client)
    ok(cookie.startswith("."), "all of the session is in the cookie, compressed")
    equal(page(client), ['Savings', 'Travel'], 'signed_cookies: her page')
    equal(user_of(f'sessionid={cookie}'), str(ada), 'signed_cookies: the database finds her')
    equal(user_of(f'sessionid={tampered(cookie)}'), None, 'signed_cookies: a tampered one is refused')
    equal(page(with_cookie(tampered(cookie))), ['No accounts'], 'signed_cookies: and lists nothing')
    client.post('/logout/')
    equal(page(client), ['No accounts'], 'signed_cookies: she logs out')
    equal(user_of(f'sessionid={cookie}'), str(ada), 'signed_cookies: a logout only takes the cookie from the browser')
    as_admin('SELECT session_auth.expire_user_sessions(%s)', str(ada))
    equal(user_of(f'sessionid={cookie}'), None, 'signed_cookies: expire_user_sessions ends it')
    equal(page(with_cookie(cookie)), ['No accounts'], 'signed_cookies: and its rows')

# ------------------------------------------------------------------- get_signed_cookie


def remember(request):
    response = HttpResponse('remembered')
    for name, salt in (('uid', ''), ('salted', 'of the shop')):
        response.set_signed_cookie(name, request.user.pk, salt=salt)
    return response


def remembered(request):
    """Whom Django itself reads in the cookie that came."""
    name = 'uid' if 'uid' in request.COOKIES else 'salted'
    try:
        return HttpResponse(request.get_signed_cookie(name, salt={'uid': '', 'salted': 'of the shop'}[name], max_age=3600))
    except BadSignature as error:
        return HttpResponse(type(error).__name__)


urls.urlpatterns += [path('remember/', remember), path('remembered/', remembered)]
time.sleep(1)
client = log_in('ada')
client.get('/remember/')
for name, salts in (('uid', None), ('salted', ['of the shop'])):
    as_admin("SELECT session_auth.add_cookie_secret('django', %s, cookie_names => %s, id_path => '{}', salts => %s, max_age => '1 hour')", os.environ['SECRET_KEY'], [name], salts)
    value = client.cookies[name].value
    read = {}
    for what, text in (('whole', value), ('tampered', tampered(value)), ('of another name', client.cookies['salted' if name == 'uid' else 'uid'].value)):
        visitor = Client()
        visitor.cookies[name] = text
        read[what] = (visitor.get('/remembered/').content.decode(), user_of(visitor.cookies.output(header='', attrs=[], sep=';').strip()), page(visitor))
    equal(read['whole'], (str(ada), str(ada), ['Savings', 'Travel']), f'get_signed_cookie {name}: Django reads her in it, the database finds her, her page lists her accounts')
    equal(read['tampered'], ('BadSignature', None, ['No accounts']), f'get_signed_cookie {name}: a tampered one is refused by both')
    equal(read['of another name'], ('BadSignature', None, ['No accounts']), f'get_signed_cookie {name}: and so is one that was signed for another name')
equal(user_of(f'sessionid={cookie_of(client)}'), None, 'get_signed_cookie: a secret that is set up for such cookies reads no sessions')
client.cookies.pop('salted')
equal(page(client), ['No accounts'], 'get_signed_cookie: she logs out, which takes the cookie from the browser')
equal(user_of(f'salted={value}'), str(ada), 'get_signed_cookie: and nowhere else')
as_admin('SELECT session_auth.expire_user_sessions(%s)', str(ada))
equal(user_of(f'salted={value}'), None, 'get_signed_cookie: expire_user_sessions ends it')
