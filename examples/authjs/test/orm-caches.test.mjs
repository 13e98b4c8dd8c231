// What docs/orms.md says of Prisma: it keeps no rows for another user, and what asks too late or elsewhere gets none.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '@prisma/client'
import { withPrismaSession } from '../session-auth.mjs'
import { createDatabase } from './support.mjs'

let db, ada, uwe
const clients = []

const prismaOf = (max) => {
  const prisma = new PrismaClient({ adapter: new PrismaPg({ ...db.config(db.request), max }) })
  clients.push(prisma)
  return prisma
}

before(async () => {
  db = await createDatabase('orm_caches')
  ada = await db.createSession('ada')
  uwe = await db.createSession('uwe')
})
after(async () => {
  await Promise.all(clients.map((prisma) => prisma.$disconnect()))
  await db?.end()
})

test('findUnique calls of two users in one tick are not joined', async () => {
  const prisma = prismaOf(4)
  const [asAda, asUwe] = [ada, uwe].map((token) => withPrismaSession(prisma, token))
  const find = (client, id) => client.ledger.findUnique({ where: { id } })
  const rows = await Promise.all([find(asAda, 1), find(asUwe, 1), find(prisma, 1), find(asAda, 2), find(asUwe, 2)])
  assert.deepEqual(rows.map((row) => row?.holder), ['Ada', undefined, undefined, 'Uwe', undefined])
})

test('what goes through the outer client within a transaction is nobody', async () => {
  const prisma = prismaOf(2)
  const counts = await withPrismaSession(prisma, ada).$transaction(async (tx) => [await tx.ledger.count(), await prisma.ledger.count()])
  assert.deepEqual(counts, [3, 0])
})

test('and with a pool of 1 it waits for the transaction that waits for it', async () => {
  const prisma = prismaOf(1)
  const asAda = withPrismaSession(prisma, ada)
  const failure = await asAda.$transaction(() => prisma.ledger.count(), { timeout: 500 }).catch((error) => error)
  assert.equal(failure.code, 'P2028')
  assert.equal(await asAda.$transaction((tx) => tx.ledger.count()), 3, 'which ends, and so does the wait')
})
