"""The shop's settings; what differs from one installation to the next comes from the environment."""
import os

SECRET_KEY = os.environ['SECRET_KEY']
ALLOWED_HOSTS = ['localhost', '127.0.0.1', 'testserver']
DEBUG = False

INSTALLED_APPS = ['django.contrib.auth', 'django.contrib.contenttypes', 'django.contrib.sessions', 'shop']

# The database's filter stands last: the view runs within its transaction, Django's own
# reads and writes of sessions and users do not.
MIDDLEWARE = [
    'django.contrib.sessions.middleware.SessionMiddleware',
    'django.middleware.csrf.CsrfViewMiddleware',
    'django.contrib.auth.middleware.AuthenticationMiddleware',
    'shop.middleware.SessionAuthMiddleware',
]

# Its host, port, name and user are libpq's PGHOST, PGPORT, PGDATABASE and PGUSER.
DATABASES = {
    'default': {
        'ENGINE': 'django.db.backends.postgresql',
        'NAME': os.environ['PGDATABASE'],
        'USER': os.environ.get('PGUSER', 'app'),
        'ATOMIC_REQUESTS': True,
    }
}
SESSION_ENGINE = os.environ.get('SESSION_ENGINE', 'django.contrib.sessions.backends.db')

ROOT_URLCONF = 'shop.urls'
TEMPLATES = [{
    'BACKEND': 'django.template.backends.django.DjangoTemplates',
    'APP_DIRS': True,
    'OPTIONS': {'context_processors': ['django.template.context_processors.request',
                                       'django.contrib.auth.context_processors.auth']},
}]
LOGIN_REDIRECT_URL = '/'
LOGOUT_REDIRECT_URL = '/'
DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'
TIME_ZONE = 'UTC'
USE_TZ = True
