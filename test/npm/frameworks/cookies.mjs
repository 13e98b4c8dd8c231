// Libraries that keep the session in the cookie, alive: each makes one for a user of its own, which the
// database reads, refuses when spoilt, and refuses once the user's sessions were ended.
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import cookieSession from 'cookie-session'
import express from 'express'
import Fastify from 'fastify'
import secureSession from '@fastify/secure-session'
import * as h3 from 'h3'
import * as iron9 from 'iron-session'
import * as iron8 from 'iron-session-8'
import Koa from 'koa'
import koaSession from 'koa-session'
import * as reactRouter from 'react-router'
import remix from '@remix-run/node'
import { asAdmin, cookiesOf, end, equal, tampered, userOf, versions } from './tap.mjs'

versions('cookie-session', 'koa-session', '@fastify/secure-session', 'iron-session', 'iron-session-8', 'h3', 'react-router', '@remix-run/node')
const text = () => randomBytes(32).toString('hex')

/** What a handler answers over HTTP. */
async function served(handler) {
  const server = createServer(handler)
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const response = await fetch(`http://127.0.0.1:${server.address().port}/`)
  server.close()
  return response
}

const ironed = (library) => async (id, secret) => {
  const response = new Response()
  const session = await library.getIronSession(new Request('http://localhost/'), response, { password: secret, cookieName: 'app' })
  session.user = { id }
  await session.save()
  return response
}

const stored = (library) => async (id, secret) => {
  const storage = library.createCookieSessionStorage({ cookie: { name: '__session', secrets: [secret] } })
  const session = await storage.getSession()
  session.set('userId', id)
  return new Response(null, { headers: { 'set-cookie': await storage.commitSession(session) } })
}

// By kind: what the administrator says beside the secret, and how the library logs a user in. dated:
// whether the cookie says when it was issued, so that a later one is accepted again.
const libraries = [
  { what: 'cookie-session', kind: 'cookie-session', options: 'without_end => true', async login(id, secret) {
    const app = express()
    app.use(cookieSession({ keys: [secret] }))
    app.get('/', (request, response) => { request.session.passport = { user: id }; response.end() })
    return served(app)
  } },
  { what: 'koa-session', kind: 'koa', dated: true, async login(id, secret) {
    const app = new Koa()
    app.keys = [secret]
    app.use(koaSession(app))
    app.use((context) => { context.session.user_id = id; context.body = 'in' })
    return served(app.callback())
  } },
  { what: '@fastify/secure-session', kind: 'fastify-secure', dated: true, secret: () => `base64:${randomBytes(32).toString('base64')}`, async login(id, secret) {
    const app = Fastify()
    app.register(secureSession, { key: Buffer.from(secret.slice(7), 'base64') })
    app.get('/', (request, reply) => { request.session.set('user_id', id); reply.send('in') })
    const { headers } = await app.inject('/')
    return new Response(null, { headers: [].concat(headers['set-cookie']).map((cookie) => ['set-cookie', cookie]) })
  } },
  { what: 'iron-session 9', kind: 'iron-session', options: "cookie_names => '{app}'", login: ironed(iron9) },
  { what: 'iron-session 8', kind: 'iron-session', options: "cookie_names => '{app}'", login: ironed(iron8) },
  { what: 'h3', kind: 'h3', options: "max_age => '1 day'", dated: true, async login(id, secret) {
    const app = h3.createApp()
    app.use('/', h3.eventHandler(async (event) => {
      const session = await h3.useSession(event, { password: secret, maxAge: 86400 })
      await session.update({ user: { id } })
      return 'in'
    }))
    return h3.toWebHandler(app)(new Request('http://localhost/'))
  } },
  { what: 'React Router', kind: 'react-router', options: 'without_end => true', login: stored(reactRouter) },
  { what: 'Remix', kind: 'remix', options: 'without_end => true', login: stored(remix) },
]

for (const [i, { what, kind, options, dated, secret = text, login }] of libraries.entries()) {
  const id = `user-${i}`
  const own = secret()
  const add = `SELECT session_auth.add_cookie_secret($1, $2${options ? `, ${options}` : ''})`
  await asAdmin(add, kind, own)
  const cookie = cookiesOf(await login(id, own))
  equal(await userOf(cookie), id, `${what}: the database reads the user in ${cookie.split('=')[0]}`)
  equal(await userOf(`a=1; ${cookie}; b=2`), id, `${what}: among others`)
  equal(await userOf(tampered(cookie)), null, `${what}: a cookie with one character replaced is refused`)
  equal(await userOf(cookiesOf(await login(id, secret()))), null, `${what}: by another secret, refused`)
  await asAdmin('SELECT session_auth.expire_user_sessions($1)', id)
  equal(await userOf(cookie), null, `${what}: all sessions of the user ended: refused`)
  await new Promise((done) => setTimeout(done, 1100))
  equal(await userOf(cookiesOf(await login(id, own))), dated ? id : null, `${what}: one made later is ${dated ? 'accepted' : 'refused as well, as it does not say when it was made'}`)
  equal(await userOf(cookiesOf(await login(`other-${i}`, own))), `other-${i}`, `${what}: another user's is accepted`)
  const next = secret()
  await asAdmin(add, kind, next)
  equal(await userOf(cookiesOf(await login(id, next))), id, `${what}: and so is one by a secret that was added after the end`)
  await asAdmin('SELECT session_auth.drop_cookie_secret($1, $2)', kind, own)
  equal(await userOf(cookiesOf(await login(`other-${i}`, own))), null, `${what}: and refused without the secret`)
}

// Stricter than the library, which reads base64 in whatever way Node.js does: one cookie has one text here.
{
  const key = randomBytes(32)
  const app = Fastify()
  await app.register(secureSession, { key })
  app.get('/login', (request, reply) => { request.session.set('user_id', 'ada'); request.session.set('more', text().repeat(8)); reply.send('in') })
  app.get('/', (request, reply) => { reply.send({ user: request.session.get('user_id') ?? null }) })
  const written = decodeURIComponent((await app.inject('/login')).cookies[0].value)
  await asAdmin('SELECT session_auth.add_cookie_secret($1, $2)', 'fastify-secure', `base64:${key.toString('base64')}`)
  for (const [what, value, user] of [['as it was written', written, 'ada'], ['in the alphabet of URLs', written.replaceAll('+', '-').replaceAll('/', '_'), null]]) {
    const cookie = `session=${encodeURIComponent(value)}`
    equal([(await app.inject({ url: '/', headers: { cookie } })).json().user, await userOf(cookie)], ['ada', user], `@fastify/secure-session: ${what}`)
  }
  await app.close()
}
await end()
