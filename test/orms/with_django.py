"""What Django keeps for another user: QuerySets, related objects and pages; and what is asked for too late."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../frameworks'))
from tap import equal

import django
from django.conf import settings

settings.configure(
    SECRET_KEY='unused here', ALLOWED_HOSTS=['testserver'], ROOT_URLCONF=__name__, USE_TZ=True,
    DATABASES={'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': os.environ['PGDATABASE'], 'USER': os.environ['PGUSER'], 'CONN_MAX_AGE': None}})
django.setup()
from django.core.cache import cache
from django.db import connection, models, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import override_settings
from django.urls import path
from django.views.decorators.cache import cache_page
from django.views.decorators.vary import vary_on_headers

print(f'# with Django {django.get_version()}', flush=True)


class Account(models.Model):
    name = models.TextField()

    class Meta:
        app_label = 'shop'
        db_table = 'accounts'


class Payment(models.Model):
    account = models.ForeignKey(Account, models.DO_NOTHING)

    class Meta:
        app_label = 'shop'
        db_table = 'payments'


def page_of(rows):
    return HttpResponse(', '.join(account.name for account in rows) or 'none')


def all_accounts(request=None):
    return page_of(Account.objects.order_by('id'))


ACCOUNTS = Account.objects.order_by('id')  # made once, with the module
kept = {}


def account_of_kept_payment(request):
    payment = kept.setdefault('payment', Payment.objects.first())
    return page_of([payment.account])


def account_of_payment(request):
    return page_of(Account.objects.filter(id__in=Payment.objects.values('account_id')))


def late(request):
    kept['rows'] = Account.objects.all()
    kept['list'] = list(kept['rows'].all())
    return HttpResponse()


vary = vary_on_headers('Cookie', 'Authorization')
urlpatterns = [
    path('all/', all_accounts), path('late/', late),
    path('module/', lambda request: page_of(ACCOUNTS)), path('module/anew/', lambda request: page_of(ACCOUNTS.all())),
    path('related/', account_of_kept_payment), path('related/anew/', account_of_payment),
    path('cached/', cache_page(60)(all_accounts)), path('cached/varied/', cache_page(60)(vary(all_accounts)))]

PACKAGE = 'session_auth.django.SessionAuthMiddleware'
# with an Authorization header 5.2.18 varies by it
COOKIE = '__Secure-authjs.session-token'
WITHOUT_VARY = f'{__name__}.WithoutVary'


class WithoutVary:
    """A middleware that authenticates and does not say that its answers depend on who asks."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT session_auth.authenticate(%s, on_refused => 'nobody')", [request.COOKIES.get(COOKIE, '')])
            return self.get_response(request)


def seen(url, *middleware):
    """What ada, uwe and nobody are shown, one after the other."""
    cache.clear()
    kept.clear()
    with override_settings(MIDDLEWARE=list(middleware) or [PACKAGE]):
        visitors = [Client(HTTP_COOKIE=f'{COOKIE}={os.environ[user]}') for user in ('ADA', 'UWE')] + [Client()]
        return [visitor.get(url).content.decode() for visitor in visitors]


each = ['Savings, Travel', 'Rent', 'none']
hers = ['Savings, Travel'] * 3
equal(seen('/all/'), each, 'each has theirs')
equal(seen('/module/'), hers, 'the leak: a QuerySet that the module holds answers for all with the rows of the first')
ACCOUNTS._result_cache = None
equal(seen('/module/anew/'), each, 'its .all() asks each time')
equal(seen('/related/'), ['Savings'] * 3, 'the leak: so does an object that is kept, and what it has loaded')
equal(seen('/related/anew/'), ['Savings', 'Rent', 'none'], 'asked for in each request, each has theirs')

CACHE = 'django.middleware.cache.UpdateCacheMiddleware', 'django.middleware.cache.FetchFromCacheMiddleware'
equal(seen('/cached/'), hers, 'the leak: cache_page knows pages by their address alone')
equal(seen('/cached/varied/'), each, 'with vary_on_headers by whose they are, too')
equal(seen('/all/', *CACHE, WITHOUT_VARY), hers, 'the leak: so does the cache of all pages, where no answer says on what it depends')
equal(seen('/all/', *CACHE, PACKAGE), each, "with the package's middleware they say it")

with override_settings(MIDDLEWARE=[PACKAGE]):
    Client(HTTP_AUTHORIZATION=f"Bearer {os.environ['ADA']}").get('/late/')
equal((len(kept['rows']), len(kept['list'])), (0, 2), 'no rows: a QuerySet that is read after the transaction; a list has them')
