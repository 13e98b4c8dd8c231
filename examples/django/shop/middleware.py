from django.db import transaction, connection
from django.utils.cache import patch_vary_headers

AUTHENTICATE = "SELECT user_id FROM session_auth.authenticate_request(%s, %s, on_refused => 'nobody')"


class SessionAuthMiddleware:
    """Runs the view in one transaction that knows whose cookie came with the request.

    ATOMIC_REQUESTS opens its transaction around the view, after all middleware: it becomes a savepoint
    in this one, which is what takes back a view that raises.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with transaction.atomic():
            with connection.cursor() as cursor:
                headers = [request.headers.get(name) for name in ('Cookie', 'Authorization')]
                cursor.execute(AUTHENTICATE, headers)
                request.database_user = cursor.fetchone()[0]
            response = self.get_response(request)
        patch_vary_headers(response, ['Cookie', 'Authorization'])  # for caches: others get another page
        return response
