// Tokens as JWS and JWE, of any header and any payload, and the parties jose, next-auth 4 and next-auth 5.
import { createCipheriv, createHash, createHmac, generateKeyPairSync, hkdfSync, sign } from 'node:crypto'
import cookie from 'cookie'
import * as jose from 'jose'
import { decode, encode, getToken } from 'next-auth/jwt'
import v4 from 'next-auth-4/jwt'
import { NOW } from './clock.mjs'
import { changed, changedCookies, changedJson, time } from './mutate.mjs'

const url = (bytes) => Buffer.from(bytes).toString('base64url')
const text = (user) => typeof user === 'string' ? user : typeof user === 'number' || typeof user === 'bigint' ? String(user) : null
const quietly = { debug() {}, warn() {}, error() {} }

/** The answers of a question that may fail, to each of the inputs. */
export const answers = (inputs, question) => Promise.all(inputs.map(async (input) => {
  try {
    return text(await question(input)) || null
  } catch {
    return null
  }
}))

/** A JWS, by a function that signs. */
export const jws = (header, payload, signature) => {
  const signed = `${url(header)}.${url(payload)}`
  return `${signed}.${url(signature(Buffer.from(signed)))}`
}

/** A JWE of alg dir: enc decides how it is encrypted, whatever the header says. */
export function jwe(r, header, payload, key, enc) {
  const aad = Buffer.from(url(header))
  const iv = r.bytes(enc === 'A256GCM' ? 12 : 16)
  const cipher = enc === 'A256GCM' ? createCipheriv('aes-256-gcm', key.subarray(0, 32), iv).setAAD(aad) : createCipheriv('aes-256-cbc', key.subarray(32), iv)
  const encrypted = Buffer.concat([cipher.update(payload), cipher.final()])
  const bits = Buffer.alloc(8)
  bits.writeUInt32BE(aad.length * 8, 4)
  const tag = enc === 'A256GCM' ? cipher.getAuthTag() : createHmac('sha512', key.subarray(0, 32)).update(Buffer.concat([aad, iv, encrypted, bits])).digest().subarray(0, 32)
  return [aad, '', url(iv), url(encrypted), url(tag)].join('.')
}

// ---------------------------------------------------------------------- jose

const ISSUER = 'https://issuer.example'

function keys(r) {
  const made = []
  for (const alg of ['HS256', 'HS384', 'HS512']) {
    const secret = Buffer.from(r.text(64))
    made.push({ alg, verify: secret, text: secret.toString(), sign: (data) => createHmac(`sha${alg.slice(2)}`, secret).update(data).digest() })
  }
  const pairs = { RS256: ['rsa', { modulusLength: 2048 }], PS256: ['rsa', { modulusLength: 2048 }], ES256: ['ec', { namedCurve: 'P-256' }], ES384: ['ec', { namedCurve: 'P-384' }], EdDSA: ['ed25519'] }
  for (const [alg, pair] of Object.entries(pairs)) {
    const { publicKey, privateKey } = generateKeyPairSync(...pair)
    const options = { key: privateKey, dsaEncoding: 'ieee-p1363', ...(alg === 'PS256' && { padding: 6, saltLength: 32 }) }
    made.push({ alg, verify: publicKey, text: publicKey.export({ type: 'spki', format: 'pem' }), sign: (data) => sign(alg === 'EdDSA' ? null : `sha${alg.slice(2)}`, data, options) })
  }
  return made.map((key, i) => ({ ...key, kid: `key-${i}` }))
}

/** Signed tokens, each with the key that its kid names; audience and issuer are asked for. */
export async function joseParty(r) {
  const trusted = keys(r)
  const byKid = Object.fromEntries(trusted.map((key) => [key.kid, key]))
  const claims = (user) => ({ sub: user, iss: ISSUER, aud: 'api', iat: NOW, nbf: NOW, exp: NOW + 300, role: 'USER' })
  const whole = (key, user) => jws(JSON.stringify({ alg: key.alg, kid: key.kid }), JSON.stringify(claims(user)), key.sign)
  const pool = trusted.map((key) => [whole(key, 'u-1'), whole(key, 'u-2')])
  const headerValues = [...trusted.map((key) => `"${key.alg}"`), ...trusted.map((key) => `"${key.kid}"`), '"none"', '"None"', '"hs256"', '["exp"]', '["b64"]', '"JWT"', '"at+jwt"', '"DEF"']
  const claimValues = ['"api"', '["api"]', '["x","api"]', '["api",1]', `"${ISSUER}"`, `"${ISSUER}/"`]

  return {
    name: 'jose',
    library: 'jose',
    setup: trusted.map((key) => ['SELECT session_auth.add_key(%L, %L, %L, %L, %L)', key.kid, key.alg, key.text, ISSUER, '{api}']),
    header: false,
    make(r) {
      const at = r.int(trusted.length)
      if (r.chance(0.4)) return changed(r, pool[at][0], r.pick(pool)[1])
      // by HMAC mostly, as signatures cost a hundred times as much
      const key = r.chance(0.9) ? trusted[r.int(3)] : trusted[at]
      const [what, header] = r.chance(0.4) ? changedJson(r, { alg: key.alg, kid: key.kid, typ: 'JWT' }, headerValues) : ['', JSON.stringify({ alg: key.alg, kid: key.kid })]
      const [which, payload] = r.chance(0.7) ? changedJson(r, { ...claims('u-1'), exp: NOW + r.pick([300, 0, -15, -14]) }, claimValues) : ['', JSON.stringify(claims('u-1'))]
      // a public key taken for a secret, among the signers
      const signature = r.chance(0.05) ? (data) => createHmac('sha256', r.pick(trusted).text).update(data).digest() : key.sign
      const token = jws(header, payload, signature)
      return r.chance(0.1) ? changed(r, token, pool[at][1]).with(0, `${what} ${which} and the text`) : [`header ${what} claims ${which}`, token]
    },
    ask: (inputs) => answers(inputs, async (token) => {
      const { payload } = await jose.jwtVerify(token, ({ kid, alg }) => {
        const key = byKid[kid]
        if (!key || key.alg !== alg) throw new Error('no such key')
        return key.verify
      }, { issuer: ISSUER, audience: 'api', clockTolerance: 15 })
      return payload.sub
    }),
  }
}

// ----------------------------------------------------------- Auth.js, next-auth

const V5 = 'authjs.session-token'
const V4 = 'next-auth.session-token'
const v5Key = (secret, salt, length) => Buffer.from(hkdfSync('sha256', secret, salt, `Auth.js Generated Encryption Key (${salt})`, length))
const thumbprint = (key, hash) => createHash(hash).update(JSON.stringify({ k: url(key), kty: 'oct' })).digest('base64url')
const inChunks = (name, token, length) => token.match(new RegExp(`.{1,${length}}`, 'g')).map((chunk, i) => `${name}.${i}=${chunk}`)

async function authjs(r, version) {
  const name = version === 5 ? V5 : V4
  const secrets = [r.text(44), r.text(44)]
  const library = (user, secret) => version === 5 ? encode({ token: { sub: user, role: 'USER' }, secret, salt: V5 }) : v4.encode({ token: { sub: user, role: 'USER' }, secret })
  const pool = []
  for (const user of ['u-1', 'u-2']) for (const secret of secrets) pool.push(await library(user, secret))
  const v4Key = (secret) => Buffer.from(hkdfSync('sha256', secret, '', 'NextAuth.js Generated Encryption Key', 32))
  const encs = version === 5 ? ['A256CBC-HS512', 'A256GCM'] : ['A256GCM']
  const made = secrets.flatMap((secret) => encs.map((enc) => {
    const key = version === 5 ? v5Key(secret, V5, enc === 'A256GCM' ? 32 : 64) : v4Key(secret)
    return { enc, key, kid: thumbprint(key, enc === 'A256GCM' ? 'sha256' : 'sha512') }
  }))
  const values = [...made.map((key) => `"${key.kid}"`), '"A256GCM"', '"A256CBC-HS512"', '"A128GCM"', '"dir"', '"A256KW"', '"DEF"', '["exp"]', '"JWT"', `"${V5}"`]

  const encrypted = (r) => {
    const { enc, key, kid } = r.pick(made)
    const plain = { alg: 'dir', enc, ...(version === 5 && { kid }) }
    const [what, header] = r.chance(0.4) ? changedJson(r, plain, values) : ['', JSON.stringify(plain)]
    const claims = { sub: 'u-1', role: 'USER', iat: NOW, exp: NOW + 300, jti: 'one' }
    const [which, payload] = r.chance(0.7) ? changedJson(r, claims) : ['', JSON.stringify({ ...claims, exp: Number(time(r)) || 0 })]
    return [`header ${what} claims ${which}`, jwe(r, header, payload, key, enc)]
  }
  const tokens = (r) => r.chance(0.5) ? ['', r.pick(pool)] : encrypted(r)
  const readV5 = (token) => decode({ token, secret: secrets, salt: V5 })
  const readHeaderV5 = (header) => getToken({ req: { headers: new Headers({ cookie: header }) }, secret: secrets, cookieName: V5, salt: V5, logger: quietly })
  // Version 4 knows one secret at a time, and gets its cookies from Next.js, which parses with this parser.
  const decodeOne = version === 5 ? (token, secret) => decode({ token, secret, salt: V5 }) : (token, secret) => v4.decode({ token, secret })
  const readEach = async (token) => {
    for (const secret of secrets) try { return await decodeOne(token, secret) } catch { /* the next */ }
    return null
  }
  const readHeaderV4 = async (header) => readEach(await v4.getToken({ req: { cookies: cookie.parse(header), headers: {} }, raw: true, secureCookie: false, logger: quietly }))

  const setup = secrets.map((secret) => ['SELECT session_auth.add_authjs_secret(%L, %L)', secret, `{${name}}`])
  const party = { setup, library: version === 5 ? 'next-auth' : 'next-auth-4' }
  return [{
    ...party,
    name: `next-auth ${version}, tokens`,
    header: false,
    make: (r) => r.chance(0.5) ? changed(r, r.pick(pool), r.pick(pool)) : encrypted(r),
    ask: (inputs) => answers(inputs, async (token) => (await (version === 5 ? readV5 : readEach)(token))?.sub),
    askEach: (inputs) => answers(inputs, async (token) => (await readEach(token))?.sub),
  }, {
    ...party,
    name: `next-auth ${version}, cookies`,
    header: true,
    make(r) {
      const [what, token] = tokens(r)
      const length = r.chance(0.5) ? 1e6 : 60 + r.int(200)
      const pairs = length === 1e6 ? [`${name}=${token}`] : inChunks(name, token, length)
      const others = inChunks(name, r.pick(pool), length)
      const [which, header] = changedCookies(r, pairs, length === 1e6 ? [`${name}=${r.pick(pool)}`] : others)
      return [`${what} ${pairs.length} cookies: ${which}`, header]
    },
    ask: (inputs) => answers(inputs, async (header) => (await (version === 5 ? readHeaderV5 : readHeaderV4)(header))?.sub),
    askEach: (inputs) => answers(inputs, async (header) => (await readEach(await getToken({ req: { headers: new Headers({ cookie: header }) }, secret: secrets, cookieName: V5, raw: true, logger: quietly })))?.sub),
  }]
}

export const authjsParties = async (r) => [...await authjs(r, 5), ...await authjs(r, 4)]
