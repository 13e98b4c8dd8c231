/**
 * adapter.test.mjs
 *   sessionAuthAdapter over the real adapters of Auth.js, call by call as the contract has them, and
 *   under @auth/core itself.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Auth } from '@auth/core'
import Credentials from '@auth/core/providers/credentials'
import GitHub from '@auth/core/providers/github'
import PostgresAdapter from '@auth/pg-adapter'
import { PrismaAdapter } from '@auth/prisma-adapter'
import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '@prisma/client'
import { credentialsJwt, sessionAuthAdapter, withSession } from '../session-auth.mjs'
import { createDatabase } from './support.mjs'

const DAY = 24 * 60 * 60 * 1000

let db, prisma, pool

before(async () => {
  db = await createDatabase('adapter')
  pool = db.pool(db.issuer)
  prisma = new PrismaClient({ adapter: new PrismaPg(db.config(db.issuer)) })
})
after(async () => {
  await prisma?.$disconnect()
  await db?.end()
})

const inDays = (days) => new Date(Date.now() + days * DAY)

function assertNear(actual, expected, milliseconds = 1000) {
  assert.ok(actual instanceof Date)
  assert.ok(Math.abs(actual - expected) < milliseconds, `${actual.toISOString()} is not ${expected.toISOString()}`)
}

/** What the database holds of a session, for the owner's eyes. */
async function stored(sessionToken) {
  const { rows } = await db.owner.query(
    `SELECT user_id, expires_at, ended_at, metadata FROM session_auth.sessions
     WHERE token_hash = sha256(convert_to($1, 'UTF8'))`,
    [sessionToken],
  )
  return rows[0]
}

for (const [name, makeAdapter] of [
  ['PrismaAdapter', () => PrismaAdapter(prisma)],
  ['PostgresAdapter', () => PostgresAdapter(pool)],
]) {
  describe(`sessionAuthAdapter over ${name}`, () => {
    const email = `zoe@${name.toLowerCase()}.example`
    let adapter, user, session

    before(async () => {
      adapter = sessionAuthAdapter(makeAdapter(), { pool })
      user = await adapter.createUser({ id: crypto.randomUUID(), name: 'Zoe', email, emailVerified: inDays(0), image: null })
      session = { sessionToken: crypto.randomUUID(), userId: user.id, expires: inDays(7) }
    })

    test('what is not about sessions is the adapter\'s own', async () => {
      const plain = makeAdapter()
      for (const method of Object.keys(plain)) {
        assert.equal(typeof adapter[method], 'function', method)
      }
      assert.equal((await adapter.getUser(user.id)).email, email)
      assert.equal((await adapter.getUserByEmail(email)).id, user.id)
      assert.equal((await adapter.updateUser({ id: user.id, name: 'Zoë' })).name, 'Zoë')
    })

    test('createSession returns the contract\'s columns, with milliseconds', async () => {
      const created = await adapter.createSession(session)
      assert.deepEqual(Object.keys(created).sort(), ['expires', 'sessionToken', 'userId'])
      assert.equal(created.sessionToken, session.sessionToken)
      assert.equal(created.userId, user.id)
      assertNear(created.expires, session.expires, 50)
      assert.equal(created.expires.getTime(), (await stored(session.sessionToken)).expires_at.getTime())
    })

    test('only the token\'s hash is kept', async () => {
      const { rows } = await db.owner.query('SELECT s::text row FROM session_auth.sessions s')
      assert.ok(rows.length > 0)
      assert.ok(rows.every(({ row }) => !row.includes(session.sessionToken)))
    })

    test('getSessionAndUser finds both', async () => {
      const found = await adapter.getSessionAndUser(session.sessionToken)
      assert.deepEqual(Object.keys(found).sort(), ['session', 'user'])
      assert.deepEqual(Object.keys(found.session).sort(), ['expires', 'sessionToken', 'userId'])
      assert.equal(found.session.userId, user.id)
      assertNear(found.session.expires, session.expires, 50)
      assert.deepEqual(found.user, await adapter.getUser(user.id))
    })

    test('a miss is null, whatever was looked for', async () => {
      for (const token of [crypto.randomUUID(), '', 'x', 'a\0b', 'x'.repeat(20000), undefined, 'a.b.c']) {
        assert.equal(await adapter.getSessionAndUser(token), null)
        assert.equal(await adapter.updateSession({ sessionToken: token, expires: inDays(1) }), null)
        assert.equal(await adapter.deleteSession(token), null)
      }
    })

    test('updateSession slides the expiry by the session\'s lifetime', async () => {
      // as if the session had been created two days ago
      await db.owner.query(
        `UPDATE session_auth.sessions SET expires_at = expires_at - interval '2 days', created_at = created_at - interval '2 days'
         WHERE token_hash = sha256(convert_to($1, 'UTF8'))`,
        [session.sessionToken],
      )
      const updated = await adapter.updateSession({ sessionToken: session.sessionToken, expires: inDays(7) })
      assert.deepEqual(Object.keys(updated).sort(), ['expires', 'sessionToken', 'userId'])
      assertNear(updated.expires, inDays(7))
      assert.equal(updated.expires.getTime(), (await stored(session.sessionToken)).expires_at.getTime())
    })

    test('updateSession without an expiry changes nothing', async () => {
      const before = await stored(session.sessionToken)
      const same = await adapter.updateSession({ sessionToken: session.sessionToken })
      assert.equal(same.expires.getTime(), before.expires_at.getTime())
    })

    test('updateSession to the past ends the session', async () => {
      const sessionToken = crypto.randomUUID()
      await adapter.createSession({ ...session, sessionToken })
      assert.equal(await adapter.updateSession({ sessionToken, expires: inDays(-1) }), null)
      assert.equal(await adapter.getSessionAndUser(sessionToken), null)
    })

    test('deleteSession ends it and returns it, once', async () => {
      const gone = await adapter.deleteSession(session.sessionToken)
      assert.deepEqual([gone.sessionToken, String(gone.userId)], [session.sessionToken, String(user.id)])
      assert.equal(await adapter.deleteSession(session.sessionToken), null)
      assert.equal(await adapter.getSessionAndUser(session.sessionToken), null)
    })

    test('a session of a user who is gone is a miss', async () => {
      const sessionToken = crypto.randomUUID()
      await adapter.createSession({ sessionToken, userId: '999999', expires: inDays(1) })
      assert.equal(await adapter.getSessionAndUser(sessionToken), null)
    })

    test('accounts and verification tokens work as before', async () => {
      const key = { provider: 'github', providerAccountId: `${name}-1` }
      await adapter.linkAccount({ userId: user.id, type: 'oauth', ...key })
      assert.equal((await adapter.getUserByAccount(key)).id, user.id)
      await adapter.unlinkAccount(key)
      assert.equal(await adapter.getUserByAccount(key), null)

      const verification = { identifier: email, token: crypto.randomUUID(), expires: inDays(1) }
      await adapter.createVerificationToken(verification)
      const used = await adapter.useVerificationToken({ identifier: email, token: verification.token })
      assert.equal(used.identifier, email)
      assert.equal(await adapter.useVerificationToken({ identifier: email, token: verification.token }), null)
    })

    test('deleteUser ends the user\'s sessions', async () => {
      const sessionToken = crypto.randomUUID()
      await adapter.createSession({ ...session, sessionToken })
      await adapter.deleteUser(user.id)
      assert.equal(await adapter.getUser(user.id), null)
      assert.equal(await adapter.getSessionAndUser(sessionToken), null)
      assert.ok((await stored(sessionToken)).ended_at)
    })
  })
}

test('metadata describes the device of a new session', async () => {
  const adapter = sessionAuthAdapter({ getUser: (id) => ({ id }) }, { pool, metadata: async () => ({ device: 'Firefox on Linux' }) })
  const sessionToken = crypto.randomUUID()
  await adapter.createSession({ sessionToken, userId: 'ada', expires: inDays(1) })
  assert.deepEqual((await stored(sessionToken)).metadata, { device: 'Firefox on Linux' })
})

test('a token of another kind is no database session', async () => {
  const adapter = sessionAuthAdapter({ getUser: (id) => ({ id }) }, { pool: { query: async (sql) => {
    assert.match(sql, /kind = 'opaque'/)
    return { rows: [] }
  } } })
  assert.equal(await adapter.getSessionAndUser('aaaa.bbbb.cccc'), null)
})

describe('under @auth/core', () => {
  const ORIGIN = 'http://localhost:3000'
  let config

  before(async () => {
    await prisma.user.create({ data: { id: 'ada', name: 'Ada', email: 'ada@core.example', role: 'ADMIN' } })
    const adapter = sessionAuthAdapter(PrismaAdapter(prisma), { pool })
    config = {
      adapter,
      basePath: '/auth',
      secret: crypto.randomUUID(),
      trustHost: true,
      session: { maxAge: 7 * 24 * 60 * 60, updateAge: 24 * 60 * 60 },
      jwt: credentialsJwt(adapter),
      logger: { error: (error) => error.type === 'CredentialsSignin' || console.error(error), warn() {}, debug() {} },
      providers: [
        Credentials({ credentials: { name: {} }, authorize: ({ name }) => prisma.user.findFirst({ where: { name } }) }),
        GitHub({ clientId: 'x', clientSecret: 'x' }),
      ],
    }
  })

  /** A browser of sorts: it keeps cookies. */
  function browser() {
    const jar = new Map()
    return {
      jar,
      async go(path, body) {
        const headers = { cookie: [...jar].map(([k, v]) => `${k}=${v}`).join('; ') }
        const init = body
          ? { method: 'POST', body: new URLSearchParams(body), headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' } }
          : { headers }
        const response = await Auth(new Request(`${ORIGIN}/auth/${path}`, init), config)
        for (const cookie of response.headers.getSetCookie()) {
          const [name, value] = cookie.split(';')[0].split('=')
          if (value) jar.set(name, decodeURIComponent(value))
          else jar.delete(name)
        }
        return response
      },
      async post(path, body = {}) {
        const { csrfToken } = await (await this.go('csrf')).json()
        return this.go(path, { ...body, csrfToken })
      },
      session() {
        return this.go('session').then((response) => response.json())
      },
      get token() {
        return jar.get('authjs.session-token')
      },
    }
  }

  test('a login with credentials becomes a session that the database knows', async () => {
    const ada = browser()
    await ada.post('callback/credentials', { name: 'Ada' })
    assert.match(ada.token, /^[0-9a-f-]{36}$/)
    const session = await ada.session()
    assert.equal(session.user.email, 'ada@core.example')
    assertNear(new Date(session.expires), inDays(7), 5000)
    const rows = await withSession(db.pool(db.request), ada.token, async (client) => (await client.query('SELECT FROM ledger')).rowCount)
    assert.equal(rows, 3)
  })

  test('signing out ends it there too', async () => {
    const ada = browser()
    await ada.post('callback/credentials', { name: 'Ada' })
    const token = ada.token
    await ada.post('signout')
    assert.equal(ada.token, undefined)
    await assert.rejects(withSession(db.pool(db.request), token, assert.fail), { code: '28000' })
    ada.jar.set('authjs.session-token', token)
    assert.equal(await ada.session(), null)
  })

  test('a session that is due is slid by Auth.js', async () => {
    const ada = browser()
    await ada.post('callback/credentials', { name: 'Ada' })
    await db.owner.query(
      "UPDATE session_auth.sessions SET expires_at = expires_at - interval '3 days' WHERE token_hash = sha256(convert_to($1, 'UTF8'))",
      [ada.token],
    )
    await ada.session()
    assertNear((await stored(ada.token)).expires_at, inDays(7), 5000)
  })

  test('log out everywhere: every device is out at its next request', async () => {
    const devices = [browser(), browser()]
    for (const device of devices) await device.post('callback/credentials', { name: 'Ada' })
    await withSession(db.pool(db.request), devices[0].token, (client) => client.query("SELECT session_auth.sign_out('global')"))
    for (const device of devices) assert.equal(await device.session(), null)
  })

  test('a wrong login gets no session', async () => {
    const nobody = browser()
    await nobody.post('callback/credentials', { name: 'Nobody' })
    assert.equal(nobody.token, undefined)
  })
})
