#!/usr/bin/env bash
# Sessions in daily use do not move to a new cookie secret in most frameworks; in one they end as soon as it is added.
#
# Versions: express-session 1.19.0, cookie-session 2.1.1, koa 3.3.0 with koa-session 7.0.2, fastify 5.12.8 with @fastify/session 11.1.1,
# @fastify/cookie 11.1.5 and @fastify/secure-session 8.4.0, iron-session 9.0.1, react-router 8.5.1 and @auth/core 0.41.3; tough-cookie
# 6.1.0 is the browser.
# Behaviour: all of these take a new secret beside the old one, accept what either has proved, and prove with the new one what they
# write. A visit that only reads writes the cookie anew in cookie-session, koa-session, @fastify/session, @fastify/secure-session and
# Auth.js. In iron-session, React Router and express-session with a maxAge one that changes the session does; in express-session
# without a maxAge none does, as the cookie is set at login alone. @fastify/session with saveUninitialized: false takes a cookie of
# the old secret for one of another session when it answers a visit that only reads, and deletes it in the browser.
# Seen: logged in by the old secret, a visit with both, then the new one alone: ada with five, whether the visit reads or changes;
#       with four more only when it changes; never in express-session without maxAge. With saveUninitialized: false @fastify/session
#       has nobody after the visit that reads, with both secrets, too
# Matters to: whoever keeps the old secret for as long as a session may last and thinks that people who come every day have moved
# by then. Where the cookie has no end, as express-session's without maxAge, no time is long enough.
#
# Installs the packages in a temporary folder, and fails when one answers otherwise.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund --legacy-peer-deps express-session@1.19.0 cookie-session@2.1.1 koa@3.3.0 koa-session@7.0.2 \
    fastify@5.12.8 @fastify/session@11.1.1 @fastify/cookie@11.1.5 @fastify/secure-session@8.4.0 iron-session@9.0.1 react@19 react-dom@19 \
    react-router@8.5.1 @auth/core@0.41.3 tough-cookie@6.1.0 >/dev/null

cat >rotated.mjs <<'JS'
import { createServer } from 'node:http'
import { Auth } from '@auth/core'
import { encode } from '@auth/core/jwt'
import fastifyCookie from '@fastify/cookie'
import secureSession from '@fastify/secure-session'
import fastifySession from '@fastify/session'
import cookieSession from 'cookie-session'
import expressSession from 'express-session'
import Fastify from 'fastify'
import { getIronSession } from 'iron-session'
import Koa from 'koa'
import koaSession from 'koa-session'
import * as reactRouter from 'react-router'
import { CookieJar } from 'tough-cookie'

const OLD = 'the old secret, of more than thirty-two characters'
const NEW = 'the new secret, of more than thirty-two characters'
const HOUR = 3600

/** What each application's page does, and who it says is there. */
function page(session, path) {
  if (path === '/login') session.user = 'ada'
  if (path === '/change') session.cart = 'full'
  return session.user ?? 'nobody'
}

async function ask(server, cookie, path) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`, { headers: { cookie } })
  const who = await response.text()
  server.close()
  return [who, response.headers.getSetCookie()]
}

const store = new expressSession.MemoryStore().setMaxListeners(0)
const middleware = (make) => (secrets) => {
  const handle = make(secrets)
  return (cookie, path) => ask(createServer((request, response) => handle(request, response, () => response.end(page(request.session, path)))), cookie, path)
}
const fastify = (plug) => (secrets) => async (cookie, path) => {
  const app = Fastify()
  await plug(app, secrets)
  app.get(path, async (request) => page(request.session, path))
  const { body, headers } = await app.inject({ url: path, headers: { cookie } })
  return [body, [headers['set-cookie'] ?? []].flat()]
}
async function register(app, options) {
  await app.register(fastifyCookie)
  await app.register(fastifySession, { store, cookie: { secure: false, maxAge: HOUR * 1000 }, ...options })
}
const express = { store, resave: false, saveUninitialized: false }

/** For each library: of secrets, the newest first, what answers a Cookie header with who is there and Set-Cookie headers. */
const libraries = {
  'express-session': middleware((secret) => expressSession({ ...express, secret, cookie: { maxAge: HOUR * 1000 } })),
  'express-session without maxAge': middleware((secret) => expressSession({ ...express, secret })),
  'cookie-session': middleware((keys) => cookieSession({ keys })),
  'koa-session': (keys) => (cookie, path) => {
    const app = new Koa()
    app.keys = keys
    app.use(koaSession({}, app))
    app.use((context) => {
      context.body = page(context.session, path)
    })
    return ask(createServer(app.callback()), cookie, path)
  },
  '@fastify/session': fastify((app, secret) => register(app, { secret })),
  '@fastify/session with saveUninitialized: false': fastify((app, secret) => register(app, { secret, saveUninitialized: false })),
  '@fastify/secure-session': fastify((app, secrets) =>
    app.register(secureSession, { key: secrets.map((secret) => Buffer.from(secret.slice(0, 32))), cookie: { path: '/' } })),
  'iron-session': (secrets) => async (cookie, path) => {
    const response = new Response()
    const password = Object.fromEntries(secrets.map((secret) => [secret === OLD ? 1 : 2, secret]))
    const session = await getIronSession(new Request('https://shop.test/', { headers: { cookie } }), response, { cookieName: 'session', password })
    const who = page(session, path)
    if (path !== '/read') await session.save()
    return [who, response.headers.getSetCookie()]
  },
  'react-router': (secrets) => async (cookie, path) => {
    const storage = reactRouter.createCookieSessionStorage({ cookie: { name: 'session', secrets, path: '/' } })
    const session = await storage.getSession(cookie)
    const data = { user: session.get('user') }
    const who = page(data, path)
    for (const [key, value] of Object.entries(data)) session.set(key, value)
    return [who, path === '/read' ? [] : [await storage.commitSession(session)]]
  },
  // Auth.js has no page that changes the session: each visit asks /auth/session, as its useSession does.
  '@auth/core': (secret) => async (cookie, path) => {
    const salt = '__Secure-authjs.session-token'
    if (path === '/login') return ['ada', [`${salt}=${await encode({ token: { name: 'ada' }, secret, salt })}; Path=/; Secure`]]
    const request = new Request('https://shop.test/auth/session', { headers: { cookie } })
    const response = await Auth(request, { secret, trustHost: true, basePath: '/auth', providers: [] })
    return [(await response.json())?.user?.name ?? 'nobody', response.headers.getSetCookie()]
  },
}

/** A browser that visits a path of an application: who is there, says the page. */
async function visit(jar, application, path) {
  const [who, cookies] = await application(await jar.getCookieString('https://shop.test/'), path)
  for (const cookie of cookies) await jar.setCookie(cookie, 'https://shop.test/')
  return who
}

for (const [library, application] of Object.entries(libraries)) {
  const said = []
  for (const path of ['/read', '/change']) {
    const jar = new CookieJar()
    await visit(jar, application([OLD]), '/login')
    await visit(jar, application([NEW, OLD]), path)
    const both = await visit(jar.cloneSync(), application([NEW, OLD]), '/read')
    said.push(`${path} then ${both}, by the new one alone ${await visit(jar, application([NEW]), '/read')}`)
  }
  console.log(`${library}: ${said.join('; ')}`)
}
process.exit()
JS

expected='express-session: /read then ada, by the new one alone nobody; /change then ada, by the new one alone ada
express-session without maxAge: /read then ada, by the new one alone nobody; /change then ada, by the new one alone nobody
cookie-session: /read then ada, by the new one alone ada; /change then ada, by the new one alone ada
koa-session: /read then ada, by the new one alone ada; /change then ada, by the new one alone ada
@fastify/session: /read then ada, by the new one alone ada; /change then ada, by the new one alone ada
@fastify/session with saveUninitialized: false: /read then nobody, by the new one alone nobody; /change then ada, by the new one alone ada
@fastify/secure-session: /read then ada, by the new one alone ada; /change then ada, by the new one alone ada
iron-session: /read then ada, by the new one alone nobody; /change then ada, by the new one alone ada
react-router: /read then ada, by the new one alone nobody; /change then ada, by the new one alone ada
@auth/core: /read then ada, by the new one alone ada; /change then ada, by the new one alone ada'
seen=$(node rotated.mjs)
echo "$seen"
[[ $seen == "$expected" ]] || { echo 'this is not what was seen before' >&2; exit 1; }
