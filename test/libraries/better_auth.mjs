// better-auth with each of its three caches of the session in a cookie; one user's session has
// its row, another's is known by the cache alone.
import { createHmac, hkdfSync } from 'node:crypto'
import cookie from 'cookie'
import * as jose from 'jose'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { NOW } from './clock.mjs'
import { answers, jwe, jws } from './jose.mjs'
import { changed, changedCookies, changedJson, time } from './mutate.mjs'
import { Random } from './random.mjs'

const TOKEN = 'better-auth.session_token'
const DATA = 'better-auth.session_data'
const hmac = (secret, data, form) => createHmac('sha256', secret).update(data).digest(form)
const cacheKey = (secret) => Buffer.from(hkdfSync('sha256', secret, 'better-auth-session', 'BetterAuth.js Generated Encryption Key', 64))

// How a strategy writes a payload that was changed as JSON.
const writers = {
  compact(r, secret, payload, plain) {
    const expiresAt = plain ? NOW * 1000 + 300000 : NOW * 1000 + r.pick([300000, 1, 0, -1, 300000.5])
    let signed = payload
    try { signed = JSON.stringify({ ...JSON.parse(payload), expiresAt }) } catch { /* as it is */ }
    const signature = hmac(secret, signed, 'base64url')
    const [what, around] = changedJson(r, { expiresAt, signature })
    const whole = plain || r.chance(0.7) ? `{"session":${payload},"expiresAt":${expiresAt},"signature":"${signature}"}` : around.replace('{', `{"session":${payload},`)
    return [what, Buffer.from(whole).toString('base64url')]
  },
  jwt(r, secret, payload, plain) {
    const [what, header] = !plain && r.chance(0.3) ? changedJson(r, { alg: 'HS256', typ: 'JWT' }, ['"none"', '"HS512"']) : ['', '{"alg":"HS256"}']
    return [what, jws(header, payload, (data) => hmac(secret, data))]
  },
  jwe(r, secret, payload, plain) {
    const [what, header] = !plain && r.chance(0.3) ? changedJson(r, { alg: 'dir', enc: 'A256CBC-HS512' }, ['"A256GCM"', '"A256KW"']) : ['', '{"alg":"dir","enc":"A256CBC-HS512"}']
    return [what, jwe(r, header, payload, cacheKey(secret), 'A256CBC-HS512')]
  },
}

// What a cache's proof covers, where it holds.
const readers = {
  async compact(secret, value) {
    const { session, expiresAt, signature } = JSON.parse(Buffer.from(value, 'base64url'))
    return signature === hmac(secret, JSON.stringify({ ...session, expiresAt }), 'base64url') && expiresAt >= NOW * 1000 ? session : null
  },
  jwt: async (secret, value) => (await jose.jwtVerify(value, Buffer.from(secret))).payload,
  jwe: async (secret, value) => (await jose.jwtDecrypt(value, cacheKey(secret))).payload,
}

/** The header with nothing but the token and its cache, whose members that say neither who nor until when are good ones. */
async function mended(r, strategy, secret, { session, user }, header) {
  const cookies = Object.fromEntries(Object.entries(cookie.parse(header)).map(([name, value]) => [name.replace('__Secure-', ''), value]))
  const parts = Object.keys(cookies).filter((name) => name.startsWith(`${DATA}.`)).sort((a, b) => a.split('.').pop() - b.split('.').pop())
  const cache = await readers[strategy](secret, cookies[DATA] ?? parts.map((name) => cookies[name]).join(''))
  const times = strategy === 'compact' ? [] : ['iat', 'nbf', 'exp'].filter((name) => name in cache)
  const whole = {
    ...Object.fromEntries(times.map((name) => [name, cache[name]])), updatedAt: NOW * 1000, version: '1',
    session: { ...session, ...Object.fromEntries(['userId', 'token', 'expiresAt'].map((name) => [name, cache.session[name]])) },
    user: { ...user, id: cache.user.id },
  }
  return `${TOKEN}=${encodeURIComponent(cookies[TOKEN])}; ${DATA}=${writers[strategy](r, secret, JSON.stringify(whole), true)[1]}`
}

async function party(r, strategy) {
  const secret = r.text(44)
  const database = { user: [], session: [], account: [], verification: [] }
  const auth = betterAuth({
    secret, baseURL: 'http://localhost:3000', database: memoryAdapter(database), emailAndPassword: { enabled: true },
    session: { cookieCache: { enabled: true, strategy, maxAge: 300 } }, logger: { disabled: true }, telemetry: { enabled: false },
  })
  const signUp = async (name) => {
    const response = await auth.api.signUpEmail({ body: { name, email: `${name}@example.com`, password: 'a long password' }, asResponse: true })
    const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0])
    const { session, user } = await auth.api.getSession({ headers: new Headers({ cookie: cookies.join('; ') }) })
    return { cookies: cookies.filter((cookie) => cookie.startsWith(TOKEN) || cookie.startsWith(DATA)), session, user }
  }
  const people = [await signUp('ada'), await signUp('uwe')]
  const [ada, uwe] = people
  database.session.splice(0, Infinity, ...database.session.filter((row) => row.token === ada.session.token))

  const cacheOf = (r, { session, user }) => {
    const plain = JSON.parse(JSON.stringify({ session, user, updatedAt: NOW * 1000, version: '1', ...(strategy !== 'compact' && { iat: NOW, exp: NOW + 300 }) }))
    const values = people.flatMap((person) => [JSON.stringify(person.user.id), JSON.stringify(person.session.token)])
    for (const member of ['session', 'user']) if (r.chance(0.3)) {
      const [, inside] = changedJson(r, plain[member], [...values, JSON.stringify(new Date((Number(time(r)) || 0) * 1000 || 0).toJSON())])
      try { plain[member] = JSON.parse(inside) } catch { /* the whole would be no JSON either */ }
    }
    const [what, payload] = r.chance(0.6) ? changedJson(r, plain) : ['', JSON.stringify(plain)]
    const [which, value] = writers[strategy](r, secret, payload)
    return [`cache ${what} ${which}`, `${DATA}=${value}`]
  }
  const tokenOf = (r, { session }) => {
    const [what, token] = r.chance(0.5) ? changed(r, session.token) : ['', session.token]
    const value = `${token}.${hmac(secret, token, 'base64')}`
    return [`token ${what}`, `${TOKEN}=${r.chance(0.9) ? encodeURIComponent(value) : value}`]
  }
  const ask = (inputs) => answers(inputs, async (header) => (await auth.api.getSession({ headers: new Headers({ cookie: header }) }))?.user.id)
  return {
    name: `better-auth, ${strategy}`,
    library: 'better-auth',
    header: true,
    setup: [['SELECT session_auth.add_cookie_secret(%L, %L)', 'better-auth', secret], 
      ['CREATE TABLE session (token text, "userId" text, "expiresAt" timestamptz)'], ['INSERT INTO session VALUES (%L, %L, %L)', ada.session.token, ada.user.id, ada.session.expiresAt.toJSON()],
      [`SELECT session_auth.adopt_sessions('session', 'token', 'userId', 'expiresAt')`]],
    make(r) {
      const [her, him] = r.chance(0.5) ? people : [uwe, ada]
      const [what, pair] = r.chance(0.5) ? ['', her.cookies[0]] : tokenOf(r, r.pick([her, her, him]))
      const [which, cache] = r.chance(0.3) ? ['', her.cookies[1]] : cacheOf(r, her)
      const pairs = [[pair], [pair, cache], [pair, cache], [cache]][r.int(4)]
      const [how, header] = changedCookies(r, pairs, him.cookies)
      return [`${what} ${which} ${how}`, header]
    },
    ask,
    async askMended(inputs) {
      const apart = new Random(1) // the choices of the run are not touched
      return ask(await Promise.all(inputs.map((header) => mended(apart, strategy, secret, uwe, header).catch(() => ''))))
    },
  }
}

export const betterAuthParties = async (r) => [await party(r, 'compact'), await party(r, 'jwt'), await party(r, 'jwe')]
