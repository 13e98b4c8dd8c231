/**
 * by-hand.mjs
 *   For bench/node: the same request with each client as an application would write it without the
 *   package, in the client's own transaction, and through the package.
 *
 * usage: by-hand.mjs CLIENT SECONDS ROUNDS: prints a line for each round, requests a second by hand and
 * through the package, whose turns alternate.
 */
import { clients } from './clients.mjs'
import { createDatabase } from './support.mjs'

const AUTHENTICATE = 'SELECT (session_auth.authenticate($1)).user_id'
const QUERY = 'SELECT id, balance FROM ledger WHERE id = 2'
const CONCURRENT = 8

async function onClient(client, token) {
  await client.query('BEGIN')
  await client.query(AUTHENTICATE, [token])
  const { rows } = await client.query(QUERY)
  await client.query('COMMIT')
  return rows
}

const hand = {
  async 'node-postgres'(pool, token) {
    const client = await pool.connect()
    try {
      return await onClient(client, token)
    } finally {
      client.release()
    }
  },
  'Postgres.js': (sql, token) =>
    sql.begin(async (tx) => {
      await tx.unsafe(AUTHENTICATE, [token], { prepare: true })
      return tx.unsafe(QUERY)
    }),
  Prisma: (prisma, token) =>
    prisma.$transaction(async (tx) => {
      await tx.$executeRaw`SELECT (session_auth.authenticate(${token})).user_id`
      return tx.$queryRawUnsafe(QUERY)
    }, { maxWait: 20_000 }),
  Knex: (knex, token) =>
    knex.transaction(async (trx) => {
      await trx.raw('SELECT (session_auth.authenticate(?)).user_id', [token])
      return (await trx.raw(QUERY)).rows
    }),
  Sequelize: (sequelize, token) =>
    sequelize.transaction(async (transaction) => {
      await sequelize.query(AUTHENTICATE, { bind: [token], transaction, raw: true, logging: false })
      return sequelize.query(QUERY, { transaction, type: 'SELECT' })
    }),
  TypeORM: (source, token) =>
    source.transaction(async (manager) => {
      await manager.query(AUTHENTICATE, [token])
      return manager.query(QUERY)
    }),
}

/** Requests a second of 8 that are always under way. */
async function rate(request, seconds) {
  const end = performance.now() + seconds * 1000
  let done = 0
  await Promise.all(
    Array.from({ length: CONCURRENT }, async () => {
      while (performance.now() < end) {
        const rows = await request()
        if (rows.length !== 1) throw new Error('a request found no row')
        done++
      }
    }),
  )
  return done / seconds
}

const [name, seconds, rounds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const client = clients.find((one) => one.name === name)
const db = await createDatabase(`bench_${name.toLowerCase().replace(/\W/g, '_')}`)
const token = await db.createSession('ada')
const handle = await client.open(db.config(), CONCURRENT)
const ways = {
  hand: () => hand[name](handle, token),
  package: () => client.entry.withSession(handle, token, (inner) => client.ask(inner, QUERY)),
}
for (const way of Object.values(ways)) await rate(way, seconds)
for (let round = 0; round < rounds; round++) {
  const rates = {}
  for (const way of round % 2 ? ['hand', 'package'] : ['package', 'hand']) rates[way] = await rate(ways[way], seconds)
  console.log([name, rates.hand.toFixed(0), rates.package.toFixed(0)].join('\t'))
}
await client.close(handle)
await db.end()
