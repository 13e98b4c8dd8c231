/**
 * adopted.test.mjs
 *   PrismaAdapter's own table of sessions, adopted by the database, under @auth/core: sign-in by a
 *   link in a mail, the touch of updateAge, sign-out, expiry. The other adapters: test/npm/frameworks/authjs.mjs.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Auth } from '@auth/core'
import { PrismaAdapter } from '@auth/prisma-adapter'
import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '@prisma/client'
import { withSession } from '../session-auth.mjs'
import { createDatabase } from './support.mjs'

const ORIGIN = 'http://localhost:3000'
const mails = []
let db, prisma, pool, config

before(async () => {
  db = await createDatabase('adopted')
  prisma = new PrismaClient({ adapter: new PrismaPg(db.config(db.issuer)) })
  pool = db.pool(db.request)
  await db.owner.query(`SELECT session_auth.adopt_sessions('"Session"', 'sessionToken', 'userId', 'expires')`)
  config = {
    adapter: PrismaAdapter(prisma),
    basePath: '/auth',
    secret: crypto.randomUUID(),
    trustHost: true,
    session: { strategy: 'database', maxAge: 3600, updateAge: 60 },
    logger: { error: console.error, warn() {}, debug() {} },
    providers: [{ id: 'mail', type: 'email', name: 'Mail', maxAge: 600, sendVerificationRequest: async ({ url }) => { mails.push(url) } }],
  }
})
after(async () => {
  await prisma?.$disconnect()
  await db?.end()
})

/** A browser that keeps its cookies. */
function browser() {
  const jar = new Map()
  const visit = async (path, form) => {
    const response = await Auth(new Request(new URL(path, ORIGIN), {
      method: form ? 'POST' : 'GET',
      body: form && new URLSearchParams(form),
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '), 'content-type': 'application/x-www-form-urlencoded' },
    }), config)
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/)
      if (/max-age=0/i.test(line) || value === '') jar.delete(name)
      else jar.set(name, value)
    }
    return response
  }
  const csrfToken = async () => (await (await visit('/auth/csrf')).json()).csrfToken
  return {
    get token() { return jar.get('authjs.session-token') },
    session: async () => (await visit('/auth/session')).json(),
    async signIn(email) {
      await visit('/auth/signin/mail', { csrfToken: await csrfToken(), email })
      await visit(mails.pop())
    },
    signOut: async () => visit('/auth/signout', { csrfToken: await csrfToken() }),
  }
}

const whoAmI = (token) => withSession(pool, token, async (client) => (await client.query('SELECT session_auth.user_id() id')).rows[0].id)
const refused = (token) => assert.rejects(withSession(pool, token, assert.fail), { code: '28000' })
async function secondsLeft(token) {
  const { rows } = await db.owner.query('SELECT extract(epoch FROM expires_at - now())::float8 left FROM session_auth.verify_session($1)', [token])
  return rows[0]?.left
}
const isNear = (seconds, wanted) => assert.ok(seconds > wanted - 30 && seconds <= wanted + 1, `${seconds} is not ${wanted}`)

describe('PrismaAdapter on a table that is adopted', () => {
  const [ada, uwe] = [browser(), browser()]

  test('sign-in: the database finds whom Auth.js finds, for as long', async () => {
    await ada.signIn('ada@example.com')
    assert.equal((await ada.session()).user.email, 'ada@example.com')
    assert.equal(await whoAmI(ada.token), (await prisma.user.findFirst({ where: { email: 'ada@example.com' } })).id)
    isNear(await secondsLeft(ada.token), 3600)
  })

  test('the touch of updateAge is followed', async () => {
    await prisma.session.update({ where: { sessionToken: ada.token }, data: { expires: new Date(Date.now() + 600_000) } })
    isNear(await secondsLeft(ada.token), 600)
    await ada.session()
    isNear(await secondsLeft(ada.token), 3600)
  })

  test('sign-out ends one session', async () => {
    await uwe.signIn('uwe@example.com')
    const { token } = uwe
    await uwe.signOut()
    await refused(token)
    assert.ok(await whoAmI(ada.token))
  })

  test('an expiry is the same for both', async () => {
    const { token } = ada
    await prisma.session.update({ where: { sessionToken: token }, data: { expires: new Date(Date.now() - 1000) } })
    await refused(token)
    assert.equal(await ada.session(), null)
  })

  test('with the user the sessions go', async () => {
    await ada.signIn('ada@example.com')
    const { token } = ada
    assert.ok(await whoAmI(token))
    await prisma.user.delete({ where: { email: 'ada@example.com' } })
    await refused(token)
  })
})
