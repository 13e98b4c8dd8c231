/**
 * by-hand.mjs
 *   For bench/node: the same request with each client as an application would write it without the
 *   package, in the client's own transaction, and through the package.
 *
 * usage: by-hand.mjs CLIENT SECONDS ROUNDS: prints a line for each round: requests a second, and microseconds of this
 * process' CPU time for a request, by hand and through the package. A round is a turn of each, of about so many
 * SECONDS, next to each other, and who begins alternates: what else the machine does meets both.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { CompiledQuery } from 'kysely'
import { sql as drizzleSql } from 'drizzle-orm'
import { sql as slonikSql } from 'slonik'
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
  Drizzle: (db, token) =>
    db.transaction(async (tx) => {
      await tx.execute(drizzleSql`SELECT (session_auth.authenticate(${token})).user_id`)
      return (await tx.execute(drizzleSql.raw(QUERY))).rows
    }),
  Kysely: (db, token) =>
    db.transaction().execute(async (trx) => {
      await trx.executeQuery(CompiledQuery.raw(AUTHENTICATE, [token]))
      return (await trx.executeQuery(CompiledQuery.raw(QUERY))).rows
    }),
  Knex: (knex, token) =>
    knex.transaction(async (trx) => {
      await trx.raw('SELECT (session_auth.authenticate(?)).user_id', [token])
      return (await trx.raw(QUERY)).rows
    }),
  TypeORM: (source, token) =>
    source.transaction(async (manager) => {
      await manager.query(AUTHENTICATE, [token])
      return manager.query(QUERY)
    }),
  Sequelize: (sequelize, token) =>
    sequelize.transaction(async (transaction) => {
      await sequelize.query(AUTHENTICATE, { bind: [token], transaction, raw: true, logging: false })
      return sequelize.query(QUERY, { transaction, type: 'SELECT' })
    }),
  // em.execute would write the token into the text
  MikroORM: (em, token) =>
    em.fork().transactional(async (transactional) => {
      await transactional.getTransactionContext().raw('SELECT (session_auth.authenticate(?)).user_id', [token])
      return transactional.execute(QUERY)
    }),
  Slonik: (pool, token) =>
    pool.transaction(async (connection) => {
      await connection.query(slonikSql.unsafe`SELECT (session_auth.authenticate(${token})).user_id`)
      return (await connection.query(slonikSql.unsafe`SELECT id, balance FROM ledger WHERE id = 2`)).rows
    }),
}

/** A turn of so many requests, of which 8 are always under way. */
async function turn(request, requests) {
  const began = performance.now()
  const cpu = process.cpuUsage()
  let left = requests
  await Promise.all(
    Array.from({ length: CONCURRENT }, async () => {
      while (left-- > 0) {
        const rows = await request()
        if (rows.length !== 1) throw new Error('a request found no row')
      }
    }),
  )
  const { user, system } = process.cpuUsage(cpu)
  return { rate: (requests * 1000) / (performance.now() - began), cpu: (user + system) / requests }
}

/** Where the client connects: to the server itself, or to a relay where it knows no Unix sockets. */
async function connectTo({ withoutSockets }, db) {
  if (!withoutSockets) return { config: db.config(), end: () => {} }
  const { host, port } = db.config()
  const relay = spawn(process.execPath, [new URL('relay.mjs', import.meta.url).pathname, `${host}/.s.PGSQL.${port}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [printed] = await once(relay.stdout, 'data')
  return { config: db.config(Number(printed)), end: () => relay.stdin.end() }
}

const [name, seconds, rounds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const client = clients.find((one) => one.name === name)
const db = await createDatabase(`bench_${name.toLowerCase().replace(/\W/g, '_')}`)
const token = await db.createSession('ada')
const { config, end } = await connectTo(client, db)
const handle = await client.open(config, CONCURRENT)
const ways = {
  hand: () => hand[name](handle, token),
  package: () => client.entry.withSession(handle, token, (inner) => client.ask(inner, QUERY)),
}
// until the compiler has seen both, and a turn's requests are known
let requests = 8 * CONCURRENT
for (let warm = 0; warm < 6; warm++) {
  const turns = [await turn(ways.hand, requests), await turn(ways.package, requests)]
  requests = Math.max(2 * CONCURRENT, Math.ceil(Math.min(...turns.map(({ rate }) => rate)) * (warm < 5 ? 0.5 : seconds)))
}
for (let round = 0; round < rounds; round++) {
  const turns = {}
  for (const way of round % 2 ? ['hand', 'package'] : ['package', 'hand']) turns[way] = await turn(ways[way], requests)
  const figures = ['rate', 'cpu'].flatMap((figure) => ['hand', 'package'].map((way) => turns[way][figure].toFixed(1)))
  console.log([name, ...figures].join('\t'))
}
await client.close(handle)
end()
await db.end()
