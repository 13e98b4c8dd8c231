import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '@prisma/client'
import { httpStatus, sessionAuthExtension, sqlState, withPrismaSession } from '../session-auth.mjs'
import { createDatabase } from './support.mjs'

let db, prisma, ada, uwe, asAda, asUwe

before(async () => {
  db = await createDatabase('prisma')
  prisma = new PrismaClient({ adapter: new PrismaPg({ ...db.config(db.request), max: 4 }) })
  ada = await db.createSession('ada')
  uwe = await db.createSession('uwe')
  asAda = withPrismaSession(prisma, ada)
  asUwe = prisma.$extends(sessionAuthExtension(uwe))
})
after(async () => {
  await prisma?.$disconnect()
  await db?.end()
})

const zoe = (id) => ({ data: { id, holder: 'Zoe', balance: 1 } })

describe('the Prisma extension', () => {
  test('each operation answers by who asks', async () => {
    assert.equal((await asAda.ledger.findMany()).length, 3)
    assert.equal((await asUwe.ledger.findMany()).length, 0)
    assert.equal((await prisma.ledger.findMany()).length, 0)
  })

  test('findUnique, count and aggregate are filtered too', async () => {
    assert.equal((await asAda.ledger.findUnique({ where: { id: 1 } })).holder, 'Ada')
    assert.equal(await asUwe.ledger.findUnique({ where: { id: 1 } }), null)
    assert.equal(await asAda.ledger.count(), 3)
    assert.equal((await asUwe.ledger.aggregate({ _sum: { balance: true } }))._sum.balance, null)
  })

  test('findUnique calls of one tick, which Prisma joins, keep their answers', async () => {
    const holders = await Promise.all([1, 2, 3].map((id) => asAda.ledger.findUnique({ where: { id } })))
    assert.deepEqual(holders.map((row) => row.holder), ['Ada', 'Uwe', 'Eve'])
  })

  test('raw queries run as the user', async () => {
    assert.deepEqual(await asAda.$queryRaw`SELECT session_auth.user_id() who`, [{ who: 'ada' }])
    assert.deepEqual(await asUwe.$queryRawUnsafe('SELECT count(*)::int n FROM ledger'), [{ n: 0 }])
    assert.equal(await asUwe.$executeRaw`UPDATE ledger SET balance = 0`, 0)
  })

  test('writes obey the policies, and a refusal is 403', async () => {
    await asAda.ledger.create(zoe(20))
    await asAda.ledger.delete({ where: { id: 20 } })
    const failure = await asUwe.ledger.create(zoe(21)).catch((error) => error)
    assert.equal(sqlState(failure), '42501')
    assert.equal(failure.code, 'P2039')
    assert.equal(httpStatus(failure), 403)
  })

  test('a bad token: 28000, which is 401, and nothing runs', async () => {
    for (const token of ['3d0d6a0e-7f0c-4a0b-8a53-6f0d1c2b3a49', null, 'a\0b']) {
      const nobody = withPrismaSession(prisma, token)
      for (const work of [
        () => nobody.ledger.create(zoe(22)),
        () => nobody.$executeRaw`SELECT 1`,
        () => nobody.$transaction(() => assert.fail('it ran')),
        () => nobody.$transaction([nobody.ledger.create(zoe(22))]),
      ]) {
        const failure = await work().catch((error) => error)
        assert.equal(sqlState(failure), '28000')
        assert.equal(httpStatus(failure), 401)
        assert.equal(failure.code, 'P2010')
      }
    }
    assert.equal(await asAda.ledger.count(), 3)
  })

  test('optional: without a good token the work runs as nobody', async () => {
    let token
    const whoever = withPrismaSession(prisma, () => token, { optional: true })
    for (token of ['3d0d6a0e-7f0c-4a0b-8a53-6f0d1c2b3a49', null, undefined, 'a\0b']) {
      assert.equal(await whoever.ledger.count(), 0)
      assert.deepEqual(await whoever.$queryRaw`SELECT session_auth.user_id() who`, [{ who: null }])
      assert.equal(await whoever.$transaction((tx) => tx.ledger.count()), 0)
      assert.deepEqual(await whoever.$transaction([whoever.ledger.count()]), [0])
      assert.equal(sqlState(await whoever.ledger.create(zoe(27)).catch((error) => error)), '42501')
    }
    token = ada
    assert.equal(await whoever.ledger.count(), 3)
    assert.equal(await whoever.$transaction((tx) => tx.ledger.count()), 3)
  })

  test('an interactive transaction authenticates once and stays one transaction', async () => {
    const xids = await asAda.$transaction(async (tx) => {
      await tx.ledger.create(zoe(23))
      assert.equal(await tx.ledger.count(), 4)
      assert.equal(await asAda.ledger.count(), 3, 'not committed yet')
      const first = await tx.$queryRaw`SELECT pg_current_xact_id()::text x`
      const second = await tx.$queryRaw`SELECT pg_current_xact_id()::text x`
      await tx.ledger.delete({ where: { id: 23 } })
      return [first[0].x, second[0].x]
    })
    assert.equal(xids[0], xids[1])
  })

  test('an interactive transaction rolls back as a whole', async () => {
    await assert.rejects(
      asAda.$transaction(async (tx) => {
        await tx.ledger.create(zoe(24))
        throw new Error('planned')
      }),
      /planned/,
    )
    assert.equal(await asAda.ledger.findUnique({ where: { id: 24 } }), null)
  })

  test('options of a transaction come through', async () => {
    const level = await asAda.$transaction(
      async (tx) => (await tx.$queryRaw`SELECT current_setting('transaction_isolation') level`)[0].level,
      { isolationLevel: 'Serializable' },
    )
    assert.equal(level, 'serializable')
  })

  test('an array of operations is one transaction with its own results alone', async () => {
    const [created, count, removed] = await asAda.$transaction([
      asAda.ledger.create(zoe(25)),
      asAda.ledger.count(),
      asAda.ledger.delete({ where: { id: 25 } }),
    ])
    assert.deepEqual([created.id, count, removed.id], [25, 4, 25])
    await assert.rejects(asAda.$transaction([asAda.ledger.create(zoe(26)), asAda.ledger.create(zoe(1))]))
    assert.equal(await asAda.ledger.findUnique({ where: { id: 26 } }), null)
  })

  test('the token can be looked up for each operation', async () => {
    let current = uwe
    const whoever = withPrismaSession(prisma, async () => current)
    assert.equal(await whoever.ledger.count(), 0)
    current = ada
    assert.equal(await whoever.ledger.count(), 3)
    assert.equal(await whoever.$transaction((tx) => tx.ledger.count()), 3)
  })

  test('a session that has ended stops the next operation', async () => {
    const token = await db.createSession('ada')
    const client = withPrismaSession(prisma, token)
    assert.equal(await client.ledger.count(), 3)
    await db.owner.query('SELECT session_auth.expire_session($1::text)', [token])
    await assert.rejects(client.ledger.count(), (error) => httpStatus(error) === 401)
  })

  test('other extensions go along with it', async () => {
    const counted = []
    const client = asAda.$extends({
      query: {
        ledger: {
          async $allOperations({ operation, args, query }) {
            counted.push(operation)
            return query(args)
          },
        },
      },
    })
    assert.equal(await client.ledger.count(), 3)
    assert.equal(await client.$transaction((tx) => tx.ledger.count()), 3)
    assert.deepEqual(counted, ['count', 'count'])
  })

  test('40 operations of two users over 4 connections never mix', async () => {
    const counts = await Promise.all(Array.from({ length: 40 }, (_, i) => (i % 2 ? asAda : asUwe).ledger.count()))
    counts.forEach((count, i) => assert.equal(count, i % 2 ? 3 : 0))
  })
})
