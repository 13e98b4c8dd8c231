# Django's own verification: N cookies of its signed_cookies, and how long it takes to read one.
import sys
import time

from django.conf import settings

settings.configure(SECRET_KEY=sys.argv[1])
from django.contrib.sessions.serializers import JSONSerializer
from django.core import signing

SALT = "django.contrib.sessions.backends.signed_cookies"
cookies = [
    signing.dumps({"_auth_user_id": str(n), "_auth_user_backend": "django.contrib.auth.backends.ModelBackend",
                   "_auth_user_hash": signing.b64_encode(str(n).encode() * 40).decode()},
                  salt=SALT, serializer=JSONSerializer, compress=True)
    for n in range(int(sys.argv[2]))
]
best = 1e9
for _ in range(15):
    start = time.perf_counter()
    for cookie in cookies:
        signing.loads(cookie, salt=SALT, serializer=JSONSerializer, max_age=1209600)
    best = min(best, time.perf_counter() - start)
print(best / len(cookies) * 1e6)
print("\n".join("sessionid=" + cookie for cookie in cookies))
