#!/usr/bin/env bash
# A session's cookie that gets another name loses the sessions of some frameworks, and keeps those of others.
#
# Versions: @auth/core 0.41.3 (next-auth 5), next-auth 4.24.15, cookie-session 2.1.1, koa 3.3.0 with koa-session 7.0.2, express-session
# 1.19.0, @fastify/secure-session 8.4.0, h3 1.15.11, iron-session 9.0.1 and react-router 8.5.1 of npm; Flask 2.2.2, Starlette 0.26.1,
# Django 3.2.25, Rails 6.1.7.10 and Laravel's illuminate/cookie 8.83 of Debian 12.
# Behaviour: the name is a part of what proves the cookie in Auth.js (the salt of the key, by default), cookie-session and
# koa-session (signed with the value), Rails (the purpose that is encrypted with it) and Laravel (a MAC of the name before the
# value). The others prove the value alone. None of them raises an error: who came with the old session is nobody.
# Seen: session renamed to __Host-session in both places: nobody with those five, ada with the other nine
# Matters to: whoever adds __Host- or __Secure-, or goes from http to https where the framework adds it by itself, and
# expects nobody to notice; and whoever verifies the cookie elsewhere, where the secret is not all that is needed.
#
# Uses Debian's packages as they are installed, installs npm's in a temporary folder, and fails when one answers otherwise.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund --legacy-peer-deps @auth/core@0.41.3 next-auth@4.24.15 cookie-session@2.1.1 koa@3.3.0 \
    koa-session@7.0.2 express-session@1.19.0 @fastify/secure-session@8.4.0 fastify@5.12.8 h3@1.15.11 iron-session@9.0.1 \
    react@19 react-dom@19 react-router@8.5.1 >/dev/null

cat >renamed.mjs <<'JS'
import { createServer } from 'node:http'
import secureSession from '@fastify/secure-session'
import * as auth5 from '@auth/core/jwt'
import cookieSession from 'cookie-session'
import expressSession from 'express-session'
import Fastify from 'fastify'
import * as h3 from 'h3'
import { getIronSession } from 'iron-session'
import Koa from 'koa'
import koaSession from 'koa-session'
import auth4 from 'next-auth/jwt'
import * as reactRouter from 'react-router'

const secret = 'a secret of more than thirty-two characters'
const pairs = (cookies) => cookies.map((cookie) => cookie.split(';')[0]).join('; ')

/** Asks a server for / with a header, and answers its body and its cookies. */
async function ask(server, cookie) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const response = await fetch(`http://127.0.0.1:${server.address().port}/`, { headers: { cookie } })
  const body = await response.text()
  server.close()
  return [body, pairs(response.headers.getSetCookie())]
}

/** For each library: what its application, whose cookie has this name, answers to a header. A session begins for ?login. */
const store = new expressSession.MemoryStore()
const middleware = (handle) => (cookie) =>
  ask(createServer((request, response) => handle(request, response, () => {
    const user = request.session.user
    request.session.user = 'ada'
    response.end(user ?? 'nobody')
  })), cookie)
const tokens = ({ encode, getToken }) => (name) => async (cookie) => {
  const cookies = Object.fromEntries(cookie.split('; ').map((pair) => pair.split('=')))
  const token = await getToken({ req: { cookies, headers: new Headers({ cookie }) }, secret, cookieName: name })
  return [token?.sub ?? 'nobody', `${name}=${await encode({ token: { sub: 'ada' }, secret, salt: encode === auth5.encode ? name : undefined })}`]
}

const libraries = {
  '@auth/core': tokens(auth5),
  'next-auth 4': tokens(auth4),
  'cookie-session': (name) => middleware(cookieSession({ name, secret })),
  'koa-session': (key) => (cookie) => {
    const app = new Koa()
    app.keys = [secret]
    app.use(koaSession({ key }, app))
    app.use((context) => {
      context.body = context.session.user ?? 'nobody'
      context.session.user = 'ada'
    })
    return ask(createServer(app.callback()), cookie)
  },
  'express-session': (name) => middleware(expressSession({ name, secret, store, resave: false, saveUninitialized: false })),
  '@fastify/secure-session': (cookieName) => async (cookie) => {
    const app = Fastify()
    app.register(secureSession, { cookieName, key: Buffer.alloc(32, 1) })
    app.get('/', async (request) => {
      const user = request.session.get('user')
      request.session.set('user', 'ada')
      return user ?? 'nobody'
    })
    const { body, headers } = await app.inject({ url: '/', headers: { cookie } })
    return [body, pairs([headers['set-cookie'] ?? []].flat())]
  },
  h3: (name) => async (cookie) => {
    const app = h3.createApp()
    app.use('/', h3.eventHandler(async (event) => {
      const session = await h3.useSession(event, { name, password: secret })
      const { user } = session.data
      await session.update({ user: 'ada' })
      return user ?? 'nobody'
    }))
    const response = await h3.toWebHandler(app)(new Request('http://localhost/', { headers: { cookie } }))
    return [await response.text(), pairs(response.headers.getSetCookie())]
  },
  'iron-session': (cookieName) => async (cookie) => {
    const response = new Response()
    const session = await getIronSession(new Request('http://localhost/', { headers: { cookie } }), response, { cookieName, password: secret })
    const { user } = session
    session.user = 'ada'
    await session.save()
    return [user ?? 'nobody', pairs(response.headers.getSetCookie())]
  },
  'react-router': (name) => async (cookie) => {
    const storage = reactRouter.createCookieSessionStorage({ cookie: { name, secrets: [secret], secure: true, path: '/' } })
    const session = await storage.getSession(cookie)
    const user = session.get('user')
    session.set('user', 'ada')
    return [user ?? 'nobody', pairs([await storage.commitSession(session)])]
  },
}

for (const [library, application] of Object.entries(libraries)) {
  const [, cookie] = await application('session')('other=1')
  const [kept] = await application('session')(cookie)
  const [renamed] = await application('__Host-session')(cookie.replace(/(^|; )session/g, '$1__Host-session'))
  console.log(`${library}: ${kept}, renamed ${renamed}`)
}
process.exit()
JS

cat >renamed.py <<'PY'
from importlib.metadata import version

from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessions
from django.http import HttpResponse
from django.test import RequestFactory
from flask import Flask, session
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

wanted = {'flask': '2.2.2', 'starlette': '0.26.1', 'django': '3.2.25'}
have = {name: version(name) for name in wanted}
assert have == wanted, have

SECRET = 'a secret of more than thirty-two characters'
settings.configure(SECRET_KEY=SECRET, SESSION_ENGINE='django.contrib.sessions.backends.signed_cookies', ALLOWED_HOSTS=['*'])


def by_flask(name, cookie):
    app = Flask(__name__)
    app.config.update(SECRET_KEY=SECRET, SESSION_COOKIE_NAME=name)

    @app.get('/')
    def root():
        user = session.get('user', 'nobody')
        session['user'] = 'ada'
        return user
    response = app.test_client(use_cookies=False).get('/', headers={'Cookie': cookie})
    return response.text, response.headers['Set-Cookie']


def by_starlette(name, cookie):
    async def root(request):
        user = request.session.get('user', 'nobody')
        request.session['user'] = 'ada'
        return PlainTextResponse(user)
    app = Starlette(routes=[Route('/', root)], middleware=[Middleware(SessionMiddleware, secret_key=SECRET, session_cookie=name)])
    response = TestClient(app).get('/', headers={'Cookie': cookie})
    return response.text, response.headers['Set-Cookie']


def by_django(name, cookie):
    def root(request):
        user = request.session.get('user', 'nobody')
        request.session['user'] = 'ada'
        return HttpResponse(user)
    settings.SESSION_COOKIE_NAME = name
    response = DjangoSessions(root)(RequestFactory().get('/', HTTP_COOKIE=cookie))
    return response.content.decode(), response.cookies[name].OutputString()


for library, application in (('Flask', by_flask), ('Starlette', by_starlette), ('Django', by_django)):
    cookie = application('session', 'other=1')[1].split(';')[0]
    print(f'{library}: {application("session", cookie)[0]}, renamed {application("__Host-session", "__Host-" + cookie)[0]}')
PY

cat >renamed.rb <<'RUBY'
require 'rails'
require 'action_controller/railtie'
raise Rails.version unless Rails.version == '6.1.7.10'

class Shop < Rails::Application
  config.load_defaults '6.1'
  config.eager_load = false
  config.logger = Logger.new(IO::NULL)
  config.secret_key_base = 'a secret of more than thirty-two characters'
end
Shop.initialize!

# What the application, whose cookie has this name, answers to a header, and its cookie.
def application(name, cookie)
  app = lambda { |env|
    session = ActionDispatch::Request.new(env).session
    user = session['user'] || 'nobody'
    session['user'] = 'ada'
    [200, {}, [user]]
  }
  app = ActionDispatch::Cookies.new(ActionDispatch::Session::CookieStore.new(app, key: name))
  env = Rack::MockRequest.env_for('/', 'HTTP_COOKIE' => cookie)
  _, headers, body = app.call(Shop.env_config.merge(env))
  [body.each.to_a.join, headers['Set-Cookie'].split(';')[0]]
end

cookie = application('session', 'other=1')[1]
puts "Rails: #{application('session', cookie)[0]}, renamed #{application('__Host-session', "__Host-#{cookie}")[0]}"
RUBY

cat >renamed.php <<'PHP'
<?php
error_reporting(E_ALL & ~E_DEPRECATED);
foreach (['Cookie', 'Encryption', 'Http', 'Session', 'Support'] as $part) {
    require_once "Illuminate/$part/autoload.php";
}

use Illuminate\Cookie\Middleware\EncryptCookies;
use Illuminate\Encryption\Encrypter;
use Illuminate\Http\Request;
use Illuminate\Http\Response;
use Symfony\Component\HttpFoundation\Cookie;

/** What the application, whose cookie has this name, answers to cookies, and its own cookie's value. */
function application(string $name, array $cookies): array
{
    $middleware = new EncryptCookies(new Encrypter(str_repeat('k', 32), 'AES-256-CBC'));
    $response = $middleware->handle(Request::create('http://localhost/', 'GET', [], $cookies), function ($request) use ($name) {
        $response = new Response($request->cookies->get($name) ?? 'nobody');
        $response->headers->setCookie(Cookie::create($name, 'ada'));
        return $response;
    });
    return [$response->getContent(), $response->headers->getCookies()[0]->getValue()];
}

$cookie = application('session', [])[1];
echo 'Laravel: ', application('session', ['session' => $cookie])[0],
    ', renamed ', application('__Host-session', ['__Host-session' => $cookie])[0], "\n";
PHP

laravel=$(dpkg-query --show --showformat='${Version}' php-illuminate-cookie)
[[ $laravel == 8.83.* ]] || { echo "this is illuminate/cookie $laravel" >&2; exit 1; }

expected='@auth/core: ada, renamed nobody
next-auth 4: ada, renamed ada
cookie-session: ada, renamed nobody
koa-session: ada, renamed nobody
express-session: ada, renamed ada
@fastify/secure-session: ada, renamed ada
h3: ada, renamed ada
iron-session: ada, renamed ada
react-router: ada, renamed ada
Flask: ada, renamed ada
Starlette: ada, renamed ada
Django: ada, renamed ada
Rails: ada, renamed nobody
Laravel: ada, renamed nobody'
seen=$(node renamed.mjs && /usr/bin/python3 -B renamed.py && ruby renamed.rb && php renamed.php)
echo "$seen"
[[ $seen == "$expected" ]] || { echo 'this is not what was seen before' >&2; exit 1; }
