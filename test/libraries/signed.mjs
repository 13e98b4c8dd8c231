// The cookies of Django, Flask, Starlette, Rails and Laravel: their libraries answer in
// programs of their own language, which ask_*.* are.
import { createCipheriv, createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { deflateSync } from 'node:zlib'
import { NOW } from './clock.mjs'
import { changed, changedCookies, changedJson, time } from './mutate.mjs'
import { output } from './programs.mjs'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const sign = (hash, key, data, form) => createHmac(hash, key).update(data).digest(form)
const url = (data) => Buffer.from(data).toString('base64url')
const base64 = (data) => Buffer.from(data).toString('base64')
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** A question to a program: which library, its secret, the instant, and then an input a line; an answer a line. */
function asked(command, library, secret) {
  return async (inputs) => {
    const lines = [{ library, secret, now: NOW }, ...inputs].map((line) => JSON.stringify(line).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)).join('\n')
    const said = await output(command[0], command.slice(1), `${lines}\n`)
    return said.trimEnd().split('\n').map((line) => JSON.parse(line))
  }
}

const PYTHON = ['/usr/bin/python3', here('ask_python.py')]
const RUBY = ['ruby', here('ask_rails.rb')]
const PHP = ['php', here('ask_laravel.php')]

// What every party here has in common: pairs that are changed as text, or a value that is made anew.
function party({ name, library, command, secret, cookie, setup, made, decorated = (value) => value, checks }) {
  const pair = (value) => `${cookie}=${decorated(value)}`
  return {
    name,
    checks,
    header: true,
    ascii: true,
    setup,
    make(r) {
      const other = pair(made(r, 'u-2', false)[1])
      if (r.chance(0.5)) return changedCookies(r, [pair(made(r, 'u-1', false)[1])], [other])
      const [what, value] = made(r, 'u-1', true)
      return r.chance(0.1) ? [`${what} and the cookie`, changedCookies(r, [pair(value)], [other])[1]] : [what, pair(value)]
    },
    ask: asked(command, library, secret),
  }
}

// Tags that Flask's JSON has for other types.
const FLASK_VALUES = ['{" t":["u-1"]}', '{" u":"00000000000040008000000000000001"}', '{" b":"dS0x"}', '{" m":"u-1"}', '{" t":[]}']

// When: as it says, at a border, or as a text that is no time.
const instant = (r, ages) => NOW - r.pick([0, 0, 0, 1, -1, ...ages.flatMap((age) => [age, age + 1, age - 1])])

function python(r, { name, library, separator, payload, timed, mac, setup, cookie, hash }) {
  const secret = r.text(50)
  const key = mac(secret)
  return party({
    name, library, command: PYTHON, secret, cookie, setup: setup(secret), checks: ['/usr/bin/python3', '-c', `import ${name.toLowerCase().split(' ')[0]}`],
    made(r, user, anew) {
      const [what, data] = payload(r, user, anew)
      const stamp = timed(anew ? instant(r, [1209600, 2678400]) : NOW)
      const [which, when] = anew && r.chance(0.1) ? changed(r, stamp) : ['', stamp]
      const signed = `${data}${separator}${when}`
      return [`${what} time ${which}`, `${signed}${separator}${sign(hash, key, signed, 'base64url')}`]
    },
  })
}

// Python's JSON, compressed or not
const pythonJson = (member, more = []) => (r, user, anew) => {
  const [what, text] = anew ? changedJson(r, { [member]: user, other: 1 }, more) : ['', JSON.stringify({ [member]: user })]
  if (!r.chance(0.3)) return [what, url(text)]
  const [which, packed] = anew && r.chance(0.1) ? changed(r, deflateSync(text).toString('latin1')) : ['', deflateSync(text).toString('latin1')]
  return [`${what} compressed ${which}`, `.${url(Buffer.from(packed, 'latin1'))}`]
}
const bigEndian = (seconds) => { const bytes = Buffer.alloc(8); bytes.writeBigInt64BE(BigInt(seconds)); return url(bytes.subarray(bytes.findIndex((byte) => byte !== 0))) }
const base62 = (seconds) => { let text = ''; for (let n = seconds; n > 0; n = Math.floor(n / 62)) text = BASE62[n % 62] + text; return text }
const sha = (hash, ...parts) => createHash(hash).update(parts.join('')).digest()
const DJANGO = 'django.contrib.sessions.backends.signed_cookies'

const pythons = (r) => [
  python(r, { name: 'Flask', library: 'flask', cookie: 'session', separator: '.', hash: 'sha1', timed: bigEndian, payload: pythonJson('_user_id', FLASK_VALUES), mac: (secret) => createHmac('sha1', secret).update('cookie-session').digest(), setup: (secret) => [['SELECT session_auth.add_cookie_secret(%L, %L, %L)', 'flask', secret, '{session}']] }),
  python(r, {
    name: 'Starlette', library: 'starlette', cookie: 'session', separator: '.', hash: 'sha1', timed: bigEndian, mac: (secret) => sha('sha1', 'itsdangerous.Signer', 'signer', secret), setup: (secret) => [['SELECT session_auth.add_cookie_secret(%L, %L, %L)', 'starlette', secret, '{session}']],
    payload(r, user, anew) {
      const [what, text] = anew ? changedJson(r, { user_id: user, other: 1 }) : ['', JSON.stringify({ user_id: user })]
      return [what, base64(text)]
    },
  }),
  python(r, { name: 'Django signed_cookies', library: 'django', cookie: 'sessionid', separator: ':', hash: 'sha256', timed: base62, payload: pythonJson('_auth_user_id'), mac: (secret) => sha('sha256', DJANGO, 'signer', secret), setup: (secret) => [['SELECT session_auth.add_cookie_secret(%L, %L, %L)', 'django', secret, '{sessionid}']] }),
  python(r, {
    name: 'Django get_signed_cookie', library: 'django-raw', cookie: 'uid', separator: ':', hash: 'sha256', timed: base62, payload: (r, user, anew) => anew ? changed(r, user) : ['', user],
    mac: (secret) => sha('sha256', 'uid', 'signer', 'django.http.cookies', secret), setup: (secret) => [['SELECT session_auth.add_cookie_secret(%L, %L, %L, id_path => %L)', 'django', secret, '{uid}', '{}']],
  }),
]

// ------------------------------------------------------------------------- Rails

function rails(r, kind) {
  const secret = r.text(128)
  const encrypted = kind === 'rails'
  const cookie = encrypted ? '_shop_session' : 'uid'
  const key = encrypted ? pbkdf2Sync(secret, 'authenticated encrypted cookie', 1000, 32, 'sha1') : pbkdf2Sync(secret, 'signed cookie', 1000, 64, 'sha1')
  const iso = (r) => { try { return new Date((Number(time(r)) || NOW) * 1000 + r.pick([0, 0, 1, 999])).toISOString() } catch { return 'x' } }
  const sealed = (r, text) => {
    if (!encrypted) return `${base64(text)}--${sign('sha1', key, base64(text), 'hex')}`
    const iv = r.bytes(12)
    const cipher = createCipheriv('aes-256-gcm', key, iv)
    const data = Buffer.concat([cipher.update(text), cipher.final()])
    return [data, iv, cipher.getAuthTag()].map(base64).join('--')
  }
  return party({
    name: encrypted ? 'Rails encrypted' : 'Rails signed', library: kind, command: RUBY, secret, cookie, checks: ['ruby', '-e', 'require "rails"'],
    setup: encrypted ? [['SELECT session_auth.add_cookie_secret(%L, %L, cookie_names => %L, without_end => true)', kind, secret, `{${cookie}}`]]
      : [['SELECT session_auth.add_cookie_secret(%L, %L, cookie_names => %L, id_path => %L, without_end => true)', kind, secret, `{${cookie}}`, '{}']],
    decorated: encodeURIComponent,
    made(r, user, anew) {
      const plain = encrypted ? { user_id: user, session_id: 'x' } : user
      const [what, message] = anew && r.chance(0.6) ? encrypted ? changedJson(r, plain) : ['value', changedJson(r, { a: user })[1].replace(/^\{"a":(.*)\}$/, '$1')] : ['', JSON.stringify(plain)]
      const envelope = { message: base64(message), exp: anew && r.chance(0.5) ? iso(r) : null, pur: `cookie.${cookie}` }
      const values = ['"cookie.other"', `"cookie.${cookie}"`, JSON.stringify(base64('"u-2"')), JSON.stringify(iso(r)), JSON.stringify(changed(r, iso(r))[1]), '"2030-03-17"', '"20300317T174640Z"', '"2030-03-17T17:46:41+01:00"', '"2030-03-17T17:46:41"', '"2030-03-17 17:46:41 UTC"', '"2030-076T17:46:41Z"', '"2031-W01-1"']
      const [which, inner] = anew && r.chance(0.6) ? changedJson(r, envelope, values) : ['', JSON.stringify(envelope)]
      const [how, whole] = anew && r.chance(0.2) ? changedJson(r, { _rails: envelope }, values) : ['', `{"_rails":${inner}}`]
      return [`message ${what} envelope ${which} ${how}`, sealed(r, r.chance(anew ? 0.05 : 0) ? message : whole)]
    },
  })
}

// ----------------------------------------------------------------------- Laravel

function laravel(r) {
  const key = r.bytes(32)
  const ids = { 'u-1': r.text(40), 'u-2': r.text(40) }
  const envelope = (r, text, anew) => {
    const iv = r.bytes(16)
    const cipher = createCipheriv('aes-256-cbc', key, iv)
    let value = Buffer.concat([cipher.update(text), cipher.final()]).toString('base64')
    let what = ''
    if (anew && r.chance(0.2)) [what, value] = changed(r, value)
    let text64 = base64(iv)
    if (anew && r.chance(0.2)) [what, text64] = changed(r, text64)
    return [what, { iv: text64, value, mac: sign('sha256', key, text64 + value, 'hex'), tag: '' }]
  }
  return party({
    name: 'Laravel', library: 'laravel', command: PHP, secret: { key: base64(key), ids }, cookie: 'laravel_session', checks: ['php', '-r', 'require "Illuminate/Cookie/autoload.php"; require "Illuminate/Encryption/autoload.php"; require "Illuminate/Http/autoload.php";'],
    setup: [['SELECT session_auth.add_cookie_secret(%L, %L, cookie_names => %L)', 'laravel', `base64:${base64(key)}`, '{laravel_session}'], ['CREATE TABLE sessions (id text, user_id text, last_activity int)'],
      ...Object.entries(ids).map(([user, id]) => ['INSERT INTO sessions VALUES (%L, %L, %L)', id, user, NOW]), [`SELECT session_auth.adopt_sessions('sessions', 'id', 'user_id', 'last_activity', expires_form => 'seconds', lifetime => '2 hours')`]],
    decorated: encodeURIComponent,
    made(r, user, anew) {
      const prefix = `${sign('sha1', key, 'laravel_sessionv2', 'hex')}|`
      const [what, text] = anew && r.chance(0.4) ? changed(r, prefix + ids[user]) : ['', prefix + ids[user]]
      const [which, parts] = envelope(r, text, anew)
      const [how, json] = anew && r.chance(0.4) ? changedJson(r, parts, [JSON.stringify(parts.mac), JSON.stringify(parts.iv)]) : ['', JSON.stringify(parts)]
      return [`id ${what} parts ${which} ${how}`, base64(json)]
    },
  })
}

export const signedParties = (r) => [...pythons(r), rails(r, 'rails'), rails(r, 'rails-signed'), laravel(r)]
