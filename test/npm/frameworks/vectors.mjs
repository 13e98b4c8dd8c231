// Makes test/vectors/web_frameworks_more.json: cookies beside those of web_frameworks.json, by the libraries that
// package.json pins, with these libraries' own verdicts. test/t/frameworks_npm.t makes them anew; by hand, beside the
// node_modules: node vectors.mjs >…
import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import secureSession from '@fastify/secure-session'
import * as iron9 from 'iron-session'
import * as iron8 from 'iron-session-8'
import * as reactRouter from 'react-router'
import remix from '@remix-run/node'

let now = 1900000000
const Real = Date
globalThis.Date = class extends Real {
  constructor(...when) { super(...(when.length ? when : [now * 1000])) }
  static now() { return now * 1000 }
}
const versionOf = (name) => JSON.parse(readFileSync(new URL(`./node_modules/${name}/package.json`, import.meta.url))).version
const vectors = []

/** value: percent-encoded, as it arrives. */
function add({ framework, version, kind, secret, params, name, value, rows = null, at = now, note }, user) {
  vectors.push({ id: `more-${String(vectors.length).padStart(3, '0')}`, framework, version, kind, secret, params, cookie_name: name, cookie_value: value,
    cookie_header: `${name}=${value}`, now: at, rows, expect: user === undefined ? { accept: false } : { accept: true, user_id: String(user) }, note })
}

// ------------------------------------------------------- React Router and Remix

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const spelled = [
  ['as it was written', (mac) => mac],
  ['padded', (mac) => `${mac}=`],
  ['padded too much', (mac) => `${mac}==`],
  ['padded in its middle', (mac) => `${mac.slice(0, 20)}=${mac.slice(20)}`],
  ['with the unused bits of its last character set', (mac) => mac.slice(0, -1) + ALPHABET[ALPHABET.indexOf(mac.at(-1)) + 3]],
  ['with another bit of its last character set', (mac) => mac.slice(0, -1) + ALPHABET[(ALPHABET.indexOf(mac.at(-1)) + 4) % 64]],
  ['with white space in it', (mac) => ` ${mac.slice(0, 9)}\t\n\f\r${mac.slice(9)} = `],
  ['with another space in it', (mac) => `${mac}\v`],
  ['in the alphabet of URLs', (mac) => mac.replaceAll('+', '-').replaceAll('/', '_')],
  ['with a character more', (mac) => `${mac}A`],
  ['without its last character', (mac) => mac.slice(0, -1)],
]
for (const [framework, library] of [['@remix-run/node', remix], ['react-router', reactRouter]]) {
  const secrets = ['a secret of the new kind', 'a secret of the old kind']
  const storage = library.createCookieSessionStorage({ cookie: { name: '__session', secrets } })
  const session = await storage.getSession()
  session.set('userId', '42')
  let content, mac
  for (let n = 0; !mac?.includes('+') || !mac.includes('/'); n++) { // in which the alphabets differ
    session.set('n', n)
    const cookie = await storage.commitSession(session)
    ;[content, mac] = decodeURIComponent(cookie.match(/^__session=([^;]*)/)[1]).split('.')
  }
  for (const [note, spell] of spelled) {
    const value = encodeURIComponent(`${content}.${spell(mac)}`)
    add({ framework, version: versionOf(framework), kind: 'cookieSessionStorage', secret: secrets, params: { user: 'userId' }, name: '__session', value, note: `signature ${note}` },
      (await storage.getSession(`__session=${value}`)).get('userId'))
  }
}

// ------------------------------------------------------------------ iron-session

for (const library of [iron8, iron9]) {
  const version = versionOf(library === iron9 ? 'iron-session' : 'iron-session-8')
  const secret = 'a password of more than thirty-two characters'
  const seal = await library.sealData({ user: { id: 42 } }, { password: secret })
  for (const [note, value] of [['as it was written', seal], ['without ~2', seal.replace(/~2$/, '')], ['with ~1', seal.replace(/~2$/, '~1')], ['with ~3', seal.replace(/~2$/, '~3')]]) {
    const session = await library.unsealData(value, { password: secret })
    add({ framework: 'iron-session', version, kind: 'Fe26.2', secret, params: { user: 'user.id' }, name: 'app', value, note }, session.user?.id)
  }
}

// ---------------------------------------------------------- @fastify/secure-session

const key = '202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f'
const app = Fastify()
await app.register(secureSession, { key: Buffer.from(key, 'hex'), expiry: 3600 })
app.get('/login', (request, reply) => { request.session.set('user_id', '42'); reply.send('in') })
app.get('/', (request, reply) => { reply.send({ user: request.session.get('user_id') }) })
await app.ready()
const value = (await app.inject('/login')).headers['set-cookie'].match(/^session=([^;]*)/)[1]
const made = now
for (const [note, seconds] of [['fresh', 0], ['a second before its age', 3599], ['of its age', 3600], ['a second after', 3601], ['made in the future', -60]]) {
  now = made + seconds
  const { user } = (await app.inject({ url: '/', headers: { cookie: `session=${value}` } })).json()
  add({ framework: '@fastify/secure-session', version: versionOf('@fastify/secure-session'), kind: 'secretbox', secret: key, params: { user: 'user_id', expiry: 3600 }, name: 'session', value, note }, user)
}
now = made
await app.close()

// ------------------------------------------------------------------------ Phoenix

// By plug_crypto 2.1.1, which npm does not have: Plug.Session's encrypted cookie of phx.gen.auth.
const phoenix = {
  framework: 'phoenix', version: 'plug_crypto 2.1.1 elixir 1.14.0', kind: 'encrypted cookie store', secret: 'phoenix-fixed-test-secret-key-base-phoenix-fixed-test-secret-key-base-',
  params: { salt: 'encsalt' }, name: '_app_key', value: 'XCP.JOOwt4RvpwLbyRsCOEnxm7A3MVZNXEyDyH0DrkXFub3K1YPeLbB4WFWwb0250Xa48U1vVBY0DsZLv1dVXnc-8KfSZyq4EIZF2aarAw5FptVIRZIgiqVqcg0ntZ4XBn8bP4SBTp3hk4Yjw4HiKtpByDKZPSLDoqbZBALOWFA',
}
const row = (inserted) => ({ users_tokens: [{ user_id: 42, token: `\\x${Buffer.from([...Array(32).keys()]).toString('hex')}`, context: 'session', inserted_at: inserted }] })
add({ ...phoenix, rows: row('2030-03-17 17:40:00'), note: 'encrypted, fresh row' }, 42)
add({ ...phoenix, rows: row('2030-01-16 17:40:00'), note: 'row older than 60 days' })
add({ ...phoenix, rows: { users_tokens: [] }, note: 'no row' })
add({ ...phoenix, rows: row('2030-03-17 17:40:00'), params: { salt: 'another salt' }, note: 'another encryption salt' })
add({ ...phoenix, rows: row('2030-03-17 17:40:00'), value: phoenix.value.slice(0, -1), note: 'without its last character' })

console.log(JSON.stringify(vectors, null, 1))
