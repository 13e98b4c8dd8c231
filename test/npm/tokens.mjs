// Makes tokens with the real libraries, one JSON object a line:
//   setup   statements by which an administrator would trust them, as [SQL, values]
//   token, or cookie and authorization: what a browser would then send
//   claims  what the library itself reads back, or null when it must be refused
//   session a session that the framework's table holds, as create_session takes it
// Keys and secrets are made for the run.
import { randomBytes } from 'node:crypto'
import { betterAuth } from 'better-auth'
import { getCookieCache } from 'better-auth/cookies'
import { memoryAdapter } from 'better-auth/adapters/memory'
import * as jose from 'jose'
import { decode, encode, getToken } from 'next-auth/jwt'
import v4 from 'next-auth-4/jwt'

const say = (vector) => console.log(JSON.stringify(vector))
const secret = () => randomBytes(32).toString('base64')
const issuer = 'https://issuer.example'
const user = { sub: 'u-1', name: 'Zoë 🦊', email: 'zoe@example.com', role: 'ADMIN' }

// One character in the middle of the last part that the token has.
const spoil = (token) => {
  const at = token.length - 12
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
}

// ---------------------------------------------------------------------- jose

for (const alg of ['HS256', 'HS384', 'HS512']) {
  const key = randomBytes(64).toString('base64url')
  const bytes = new TextEncoder().encode(key)
  const token = await new jose.SignJWT({ ...user, aud: ['api'] }).setProtectedHeader({ alg, kid: alg }).setIssuer(issuer).setIssuedAt().setExpirationTime('5m').sign(bytes)
  const { payload } = await jose.jwtVerify(token, bytes, { issuer, audience: 'api' })
  const setup = [['SELECT session_auth.add_key(%L, %L, %L, %L, %L)', alg, alg, key, issuer, '{api}']]
  say({ what: `jose ${alg}`, setup, token, claims: payload })
  say({ what: `jose ${alg}, spoilt`, setup, token: spoil(token), claims: null })
}

const jwks = []
const signed = []
for (const alg of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']) {
  const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true })
  const token = await new jose.SignJWT(user).setProtectedHeader({ alg, kid: alg, typ: 'JWT' }).setIssuer(issuer).setJti(alg).setIssuedAt().setNotBefore('0s').setExpirationTime('5m').sign(privateKey)
  const { payload } = await jose.jwtVerify(token, publicKey, { issuer })
  const setup = [['SELECT session_auth.add_key(%L, %L, %L, %L)', alg, alg, await jose.exportSPKI(publicKey), issuer]]
  say({ what: `jose ${alg}, key as PEM`, setup, token, claims: payload })
  say({ what: `jose ${alg}, spoilt`, setup, token: spoil(token), claims: null })
  jwks.push({ ...(await jose.exportJWK(publicKey)), alg, kid: alg, use: 'sig' })
  signed.push({ alg, token, payload })
  if (['RS256', 'PS256', 'ES256', 'EdDSA'].includes(alg)) {
    const key = await jose.exportPKCS8(privateKey)
    say({ what: `issue_token for jose, ${alg}`, setup: [['SELECT session_auth.add_key(%L, %L, %L, %L, %L)', 'ours', alg, key, 'https://us.example', '{services}']], issue: { sub: 'u-2', role: 'USER' }, spki: await jose.exportSPKI(publicKey), alg })
  }
}
const set = [['SELECT session_auth.import_jwks(%L, %L)', issuer, JSON.stringify({ keys: jwks })]]
for (const { alg, token, payload } of signed) say({ what: `jose ${alg}, key from the set`, setup: set, token, claims: payload })

// ----------------------------------------------------------- Auth.js, next-auth

const names = ['authjs.session-token', '__Secure-authjs.session-token']
for (const salt of names) {
  const current = secret()
  const older = secret()
  const setup = [['SELECT session_auth.add_authjs_secret(%L)', older], ['SELECT session_auth.add_authjs_secret(%L)', current]]
  const token = await encode({ token: user, secret: current, salt })
  const claims = await decode({ token, secret: current, salt })
  say({ what: `next-auth 5, ${salt}`, setup, token, claims })
  say({ what: `next-auth 5, ${salt}, in a cookie`, setup, cookie: `a=1; ${salt}=${token}; b=2`, claims })
  say({ what: `next-auth 5, ${salt}, as a bearer`, setup, authorization: `Bearer ${token}`, claims })
  say({ what: `next-auth 5, ${salt}, spoilt`, setup, token: spoil(token), claims: null })
  say({ what: `next-auth 5, ${salt}, expired`, setup, token: await encode({ token: user, secret: current, salt, maxAge: -60 }), claims: null })
  const old = await encode({ token: user, secret: older, salt })
  say({ what: `next-auth 5, ${salt}, by the older secret`, setup, token: old, claims: await decode({ token: old, secret: [current, older], salt }) })
  say({ what: `next-auth 5, ${salt}, by another secret`, setup, token: await encode({ token: user, secret: secret(), salt }), claims: null })
  const long = await encode({ token: { ...user, permissions: Array.from({ length: 400 }, (_, i) => `view:${i}`) }, secret: current, salt })
  const chunks = long.match(/.{1,3933}/g).map((chunk, i) => `${salt}.${i}=${chunk}`).reverse().join('; ')
  say({ what: `next-auth 5, ${salt}, in chunks`, setup, cookie: chunks, claims: await getToken({ req: new Request('http://localhost', { headers: { cookie: chunks } }), secret: current, salt, cookieName: salt, secureCookie: salt.startsWith('__') }) })
}
{
  const current = secret()
  const setup = [['SELECT session_auth.add_authjs_secret(%L)', current]]
  const token = await v4.encode({ token: user, secret: current })
  const claims = await v4.decode({ token, secret: current })
  say({ what: 'next-auth 4', setup, token, claims })
  say({ what: 'next-auth 4, in a cookie', setup, cookie: `next-auth.session-token=${token}`, claims })
  say({ what: 'next-auth 4, spoilt', setup, token: spoil(token), claims: null })
  say({ what: 'next-auth 4, expired', setup, token: await v4.encode({ token: user, secret: current, maxAge: -60 }), claims: null })
  say({ what: 'next-auth 4, by another secret', setup, token: await v4.encode({ token: user, secret: secret() }), claims: null })
}

// ----------------------------------------------------------------- better-auth

const current = secret()
const auth = betterAuth({
  secret: current,
  baseURL: 'http://localhost:3000',
  database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
  emailAndPassword: { enabled: true },
  session: { cookieCache: { enabled: true, strategy: 'jwe', maxAge: 300 } },
  logger: { disabled: true },
  telemetry: { enabled: false },
})
const response = await auth.api.signUpEmail({ body: { name: 'Zoë 🦊', email: 'zoe@example.com', password: 'a long password' }, asResponse: true })
const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0])
const tokenCookie = cookies.find((cookie) => cookie.startsWith('better-auth.session_token='))
const cacheCookies = cookies.filter((cookie) => cookie.startsWith('better-auth.session_data')).join('; ')
const { session } = await auth.api.getSession({ headers: new Headers({ cookie: tokenCookie }) })
const cache = await getCookieCache(new Request('http://localhost:3000', { headers: { cookie: cacheCookies } }), { secret: current, strategy: 'jwe' })
const setup = [['SELECT session_auth.add_cookie_secret(%L, %L)', 'better-auth', current]]
const row = { user: session.userId, token: session.token }
say({ what: 'better-auth, its session cookie', setup, session: row, cookie: tokenCookie, user: session.userId })
say({ what: 'better-auth, all its cookies', setup, session: row, cookie: cookies.join('; '), user: session.userId })
say({ what: 'better-auth, its session cookie, without a session', setup, cookie: tokenCookie, claims: null })
say({ what: 'better-auth, its session cookie, by another secret', setup: [['SELECT session_auth.add_cookie_secret(%L, %L)', 'better-auth', secret()]], session: row, cookie: tokenCookie, claims: null })
say({ what: 'better-auth, its encrypted cache, without the signed token', setup, cookie: cacheCookies, claims: null })
say({ what: 'better-auth, its encrypted cache beside the signed token', setup, cookie: `${cacheCookies}; ${tokenCookie}`, user: session.userId, cache: JSON.parse(JSON.stringify({ session: cache.session, user: cache.user })) })
say({ what: 'better-auth, its encrypted cache, by another secret', setup: [['SELECT session_auth.add_cookie_secret(%L, %L)', 'better-auth', secret()]], cookie: `${cacheCookies}; ${tokenCookie}`, claims: null })
