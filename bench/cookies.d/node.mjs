#!/usr/bin/env node
// Node.js' frameworks, each of which reads its own cookies: see bench/cookies, which lays this beside the
// packages of test/npm/frameworks.
import { createHash, createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const ROUNDS = 15
const SOME = 200 // cookies that are read in a round
const SESSION = JSON.parse(readFileSync(new URL('session.json', import.meta.url), 'utf8'))
const require = createRequire(import.meta.url)

/** Microseconds of one call, in the shortest of several rounds. */
async function shortest(call, inputs) {
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint()
    for (const input of inputs) {
      const promise = call(input)
      if (promise) await promise
    }
    best = Math.min(best, Number(process.hrtime.bigint() - start))
  }
  return best / inputs.length / 1000
}

function check(found) {
  if (!found) throw new Error('a cookie was refused')
}

const idOf = (n) => createHash('sha256').update(String(n)).digest('hex').slice(0, 32)
const base64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64')
const requestWith = (cookie) => ({ headers: { cookie }, url: '/', originalUrl: '/', method: 'GET', socket: {} })
const responseOf = () => ({ headersSent: false, writeHead() {}, end() {}, write() {}, getHeader() {}, setHeader() {}, on() {} })
const withoutEnd = (kind) => `SELECT session_auth.add_cookie_secret('${kind}', :'secret', without_end => true)`

/** connect-pg-simple's table, with a session of each user, and what its store asks a query for. */
async function sessionStore(session, count) {
  const { Pool } = (await import('pg')).default
  const pool = new Pool({ max: 1 })
  await pool.query('CREATE TABLE session (sid varchar PRIMARY KEY, sess json NOT NULL, expire timestamptz NOT NULL)')
  const rows = Array.from({ length: count }, (_, n) => ({ sid: idOf(n), sess: { cookie: { originalMaxAge: 86400000, expires: new Date(Date.now() + 86400000) }, userId: String(n), ...SESSION } }))
  await pool.query("INSERT INTO session SELECT r ->> 'sid', r -> 'sess', now() + interval '1 day' FROM json_array_elements($1) r", [JSON.stringify(rows)])
  const Store = (await import('connect-pg-simple')).default(session)
  return { pool, store: new Store({ pool, pruneSessionInterval: false }) }
}

const sessionRows = (kind) => `SELECT session_auth.add_cookie_secret('${kind}', :'secret'); SELECT session_auth.adopt_sessions('session', 'sid', 'sess', 'expire', user_path => '{userId}')`

/** The signature alone as express-session checks it; with the row its whole middleware. */
async function express(secret, count) {
  const session = (await import('express-session')).default
  const { parse } = require(require.resolve('cookie', { paths: [require.resolve('express-session')] }))
  const { sign, unsign } = require(require.resolve('cookie-signature', { paths: [require.resolve('express-session')] }))
  const { pool, store } = await sessionStore(session, count)
  const middleware = session({ secret, store, resave: false, saveUninitialized: false })
  return {
    setup: sessionRows('express'),
    cookies: Array.from({ length: count }, (_, n) => `connect.sid=${encodeURIComponent(`s:${sign(idOf(n), secret)}`)}`),
    cookie: (header) => check(unsign(parse(header)['connect.sid'].slice(2), secret)),
    row: (header) => new Promise((done) => {
      const request = requestWith(header)
      middleware(request, responseOf(), () => { check(request.session.userId); done() })
    }),
    round_trips: () => pool.query('SELECT 1'),
    end: () => pool.end(),
  }
}

async function fastify(secret, count) {
  const session = (await import('@fastify/session')).default
  const { pool, store } = await sessionStore((await import('express-session')).default, count)
  const app = (await import('fastify')).default()
  app.register((await import('@fastify/cookie')).default, { secret })
  app.register(session, { secret, store })
  await app.ready()
  return {
    setup: sessionRows('fastify'),
    cookies: Array.from({ length: count }, (_, n) => `sessionId=${encodeURIComponent(app.signCookie(idOf(n)))}`),
    cookie: (header) => check(app.unsignCookie(app.parseCookie(header).sessionId).valid),
    row: (header) => new Promise((done) => {
      const request = {}
      app.decryptSession(app.parseCookie(header).sessionId, request, undefined, () => { check(request.session.userId); done() })
    }),
    round_trips: () => pool.query('SELECT 1'),
    end: () => pool.end(),
  }
}

async function fastifySecure(secret, count) {
  const app = (await import('fastify')).default()
  app.register((await import('@fastify/secure-session')).default, { key: Buffer.from(secret) })
  await app.ready()
  return {
    setup: "SELECT session_auth.add_cookie_secret('fastify-secure', :'secret')",
    cookies: Array.from({ length: count }, (_, n) => `session=${encodeURIComponent(app.encodeSecureSession(app.createSecureSession({ user_id: String(n), ...SESSION })))}`),
    cookie: (header) => check(app.decodeSecureSession(app.parseCookie(header).session).get('user_id')),
  }
}

/** name=value and name.sig, as keygrip signs. */
async function signedBeside(secret, name, value) {
  const Keygrip = require('keygrip')
  return `${name}=${value}; ${name}.sig=${new Keygrip([secret]).sign(`${name}=${value}`)}`
}

const made = (count, make) => Promise.all(Array.from({ length: count }, (_, n) => make(n)))

async function cookieSession(secret, count) {
  const middleware = (await import('cookie-session')).default({ keys: [secret] })
  return {
    setup: withoutEnd('cookie-session'),
    cookies: await made(count, (n) => signedBeside(secret, 'session', base64({ passport: { user: String(n) }, ...SESSION }))),
    cookie(header) {
      const request = requestWith(header)
      middleware(request, responseOf(), () => check(request.session.passport.user))
    },
  }
}

async function koa(secret, count) {
  const app = new (await import('koa')).default()
  app.keys = [secret]
  const session = (await import('koa-session')).default
  session(app)
  return {
    setup: "SELECT session_auth.add_cookie_secret('koa', :'secret')",
    cookies: await made(count, (n) => signedBeside(secret, 'koa.sess', base64({ user_id: String(n), ...SESSION, _expire: Date.now() + 86400000, _maxAge: 86400000 }))),
    cookie: (header) => check(app.createContext(requestWith(header), responseOf()).session.user_id),
  }
}

/** cookieSessionStorage of React Router, and of Remix, which it came from. */
const storage = (kind, library) => async (secret, count) => {
  const { createCookieSessionStorage } = await library()
  const sessions = createCookieSessionStorage({ cookie: { name: '__session', secrets: [secret] } })
  return {
    setup: withoutEnd(kind),
    cookies: await made(count, async (n) => {
      const session = await sessions.getSession()
      for (const [name, value] of Object.entries({ userId: String(n), ...SESSION })) session.set(name, value)
      return (await sessions.commitSession(session)).split(';')[0]
    }),
    cookie: async (header) => check((await sessions.getSession(header)).get('userId')),
  }
}

const reactRouter = storage('react-router', () => import('react-router'))
const remix = storage('remix', async () => (await import('@remix-run/node')).default)

async function ironSession(secret, count) {
  const { getIronSession, sealData } = await import('iron-session')
  const response = new Response()
  return {
    setup: "SELECT session_auth.add_cookie_secret('iron-session', :'secret', cookie_names => '{app}')",
    cookies: await made(count, async (n) => `app=${await sealData({ user: { id: String(n), ...SESSION } }, { password: secret, ttl: 86400 })}`),
    cookie: async (header) => check((await getIronSession(new Request('http://localhost/', { headers: { cookie: header } }), response, { password: secret, cookieName: 'app' })).user.id),
  }
}

async function h3(secret, count) {
  const { H3Event, getSession, sealSession, updateSession } = await import('h3')
  const config = { password: secret, name: 'nuxt-session', maxAge: 86400, cookie: false }
  return {
    setup: "SELECT session_auth.add_cookie_secret('h3', :'secret', cookie_names => '{nuxt-session}', max_age => '1 day')",
    cookies: await made(count, async (n) => {
      const event = new H3Event(requestWith(undefined), responseOf())
      await updateSession(event, config, { user: { id: String(n), ...SESSION } })
      return `nuxt-session=${await sealSession(event, config)}`
    }),
    cookie: async (header) => check((await getSession(new H3Event(requestWith(header), responseOf()), config)).data.user?.id),
  }
}

/** better-auth's own tables with a session of each user; its endpoint get-session asks for both. */
async function betterAuthRows(secret, count, cookieCache) {
  const { betterAuth } = await import('better-auth')
  const { getMigrations } = await import('better-auth/db/migration')
  const { Pool } = (await import('pg')).default
  const pool = new Pool({ max: 1 })
  const auth = betterAuth({ secret, baseURL: 'http://localhost:3000', database: pool, emailAndPassword: { enabled: true }, session: { cookieCache }, logger: { disabled: true }, telemetry: { enabled: false } })
  await (await getMigrations(auth.options)).runMigrations()
  await pool.query(`INSERT INTO "user" (id, name, email, "emailVerified", "createdAt", "updatedAt") SELECT n, $2, n || $3, true, now(), now() FROM generate_series(0, $1 - 1) n`, [count, SESSION.name, SESSION.email])
  await pool.query(`INSERT INTO session (id, "expiresAt", token, "createdAt", "updatedAt", "userId") SELECT n, now() + interval '7 days', left(encode(sha256(n::text::bytea), 'hex'), 32), now(), now(), n FROM generate_series(0, $1 - 1) n`, [count])
  return { auth, pool }
}

const BETTER_AUTH = `SELECT session_auth.add_cookie_secret('better-auth', :'secret'); SELECT session_auth.adopt_sessions('session', 'token', 'userId', 'expiresAt')`

const betterAuthToken = (secret, n) => `better-auth.session_token=${encodeURIComponent(`${idOf(n)}.${createHmac('sha256', secret).update(idOf(n)).digest('base64')}`)}`

async function betterAuth(secret, count) {
  const { auth, pool } = await betterAuthRows(secret, count, { enabled: false })
  return {
    setup: BETTER_AUTH,
    cookies: Array.from({ length: count }, (_, n) => betterAuthToken(secret, n)),
    row: async (header) => check((await auth.api.getSession({ headers: new Headers({ cookie: header }) })).user.id),
    round_trips: async () => { await pool.query('SELECT 1'); await pool.query('SELECT 1') },
    end: () => pool.end(),
  }
}

/** While the cookie's cache is good better-auth asks for neither; the database reads the session's row all the same. */
const betterAuthCache = (strategy) => async (secret, count) => {
  const { auth, pool } = await betterAuthRows(secret, count, { enabled: true, maxAge: 3600, strategy })
  const cookies = []
  for (let n = 0; n < count; n++) {
    const { headers } = await auth.api.getSession({ headers: new Headers({ cookie: betterAuthToken(secret, n) }), asResponse: true })
    const cache = headers.getSetCookie().map((cookie) => cookie.split(';')[0]).find((cookie) => cookie.startsWith('better-auth.session_data='))
    cookies.push(`${cache}; ${betterAuthToken(secret, n)}`)
  }
  return {
    setup: BETTER_AUTH,
    cookies,
    cookie: async (header) => check((await auth.api.getSession({ headers: new Headers({ cookie: header }) })).user.id),
    end: () => pool.end(),
  }
}

const KINDS = {
  'express': express,
  'fastify': fastify,
  'fastify-secure': fastifySecure,
  'cookie-session': cookieSession,
  'koa': koa,
  'react-router': reactRouter,
  'remix': remix,
  'iron-session': ironSession,
  'h3': h3,
  'better-auth': betterAuth,
  'better-auth compact': betterAuthCache('compact'),
  'better-auth jwt': betterAuthCache('jwt'),
  'better-auth jwe': betterAuthCache('jwe'),
}

const [name, secret, count] = process.argv.slice(2)
if (name === undefined) {
  console.log(Object.keys(KINDS).join('\n'))
} else {
  const kind = await KINDS[name](secret, Number(count))
  const times = []
  for (const what of ['cookie', 'row', 'round_trips']) times.push(kind[what] ? await shortest(kind[what], kind.cookies.slice(0, SOME)) : '')
  console.log([times.join('\t'), kind.setup, ...kind.cookies].join('\n'))
  await kind.end?.()
}
