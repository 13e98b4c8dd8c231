/**
 * clients.mjs
 *   Each client as an application has it: how it is opened, and how it asks within a transaction.
 *
 * `ask(inner, text)` runs a statement and returns its rows; `fail` is a statement with `token` as a
 * parameter in the client's own way; `caches` and `streams` where a client has them.
 */
import { MikroORM, EntitySchema } from '@mikro-orm/postgresql'
import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '@prisma/client'
import { sql as drizzleSql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import knex from 'knex'
import { CompiledQuery, Kysely, PostgresDialect } from 'kysely'
import Cursor from 'pg-query-stream'
import pg from 'pg'
import postgres from 'postgres'
import Sequelize from 'sequelize'
import { createPool, sql as slonikSql } from 'slonik'
import { DataSource } from 'typeorm'
import * as withDrizzle from 'session-auth/drizzle'
import * as withKnex from 'session-auth/knex'
import * as withKysely from 'session-auth/kysely'
import * as withMikroOrm from 'session-auth/mikro-orm'
import * as withPg from 'session-auth/pg'
import * as withPostgres from 'session-auth/postgres'
import * as withPrisma from 'session-auth/prisma'
import * as withSequelize from 'session-auth/sequelize'
import * as withSlonik from 'session-auth/slonik'
import * as withTypeOrm from 'session-auth/typeorm'

async function collect(stream) {
  const rows = []
  for await (const row of stream) rows.push(row)
  return rows
}

const FAIL = 'SELECT 1/0 FROM (SELECT $1::text) token'
const NUMBERS = 'SELECT id FROM ledger ORDER BY id'
const url = ({ host, port, user, database }) => `postgres://${user}@${host}:${port}/${database}?sslmode=disable`

/** What a template without values is to its tag. */
const tagged = (text) => Object.freeze(Object.assign([text], { raw: Object.freeze([text]) }))

const Ledger = new EntitySchema({
  name: 'Ledger',
  tableName: 'ledger',
  properties: { id: { type: 'integer', primary: true }, holder: { type: 'string' }, balance: { type: 'string' } },
})

export const clients = [
  {
    name: 'node-postgres',
    npm: 'pg',
    entry: withPg,
    gotcha: 'a statement that failed and was caught rolls everything back: it rejects then',
    notices: true,
    open: (config, max) => new pg.Pool({ ...config, max }),
    ask: async (client, text) => (await client.query(text)).rows,
    fail: (client, token) => client.query(FAIL, [token]),
    stream: (client) => collect(client.query(new Cursor(NUMBERS))),
    outside: async (pool, text) => (await pool.query(text)).rows,
    close: (pool) => pool.end(),
  },
  {
    name: 'Postgres.js',
    npm: 'postgres',
    entry: withPostgres,
    gotcha: '`sql.begin` waits for BEGIN; the entry reserves a connection, which has no `begin` of its own',
    notices: true,
    open: (config, max) => postgres({ ...config, max, onnotice: () => {} }),
    ask: (sql, text) => sql.unsafe(text),
    fail: (sql, token) => sql.unsafe(FAIL, [token]),
    stream: async (sql) => (await collect(sql.unsafe(NUMBERS).cursor(1))).flat(),
    outside: (sql, text) => sql.unsafe(text),
    close: (sql) => sql.end(),
  },
  {
    name: 'Prisma',
    npm: '@prisma/client',
    entry: withPrisma,
    gotcha: 'each operation for itself is a transaction: bursts meet P2028, one transaction for a request does not',
    open: (config, max) => new PrismaClient({ adapter: new PrismaPg({ ...config, max }) }),
    ask: (tx, text) => tx.$queryRawUnsafe(text),
    fail: (tx, token) => tx.$queryRawUnsafe(FAIL, token),
    outside: (prisma, text) => prisma.$queryRawUnsafe(text),
    close: (prisma) => prisma.$disconnect(),
  },
  {
    name: 'Drizzle',
    npm: 'drizzle-orm',
    entry: withDrizzle,
    gotcha: 'errors have the statement and its parameters in their message',
    open: (config, max) => drizzle(new pg.Pool({ ...config, max })),
    ask: async (tx, text) => (await tx.execute(drizzleSql.raw(text))).rows,
    fail: (tx, token) => tx.execute(drizzleSql`SELECT 1/0 FROM (SELECT ${token}::text) token`),
    outside: async (db, text) => (await db.execute(drizzleSql.raw(text))).rows,
    close: (db) => db.$client.end(),
  },
  {
    name: 'Kysely',
    npm: 'kysely',
    entry: withKysely,
    gotcha: '`sql.raw` and `sql.lit` put values into the text',
    notices: true,
    open: (config, max) => new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ ...config, max }), cursor: Cursor.default }) }),
    ask: async (trx, text) => (await trx.executeQuery(CompiledQuery.raw(text))).rows,
    fail: (trx, token) => trx.executeQuery(CompiledQuery.raw(FAIL, [token])),
    outside: async (db, text) => (await db.executeQuery(CompiledQuery.raw(text))).rows,
    close: (db) => db.destroy(),
  },
  {
    name: 'Knex',
    npm: 'knex',
    entry: withKnex,
    gotcha: 'errors have the statement, with `$1`, in their message',
    open: (config, max) => knex({ client: 'pg', connection: config, pool: { min: 0, max } }),
    ask: async (trx, text) => (await trx.raw(text)).rows,
    fail: (trx, token) => trx.raw('SELECT 1/0 FROM (SELECT ?::text) token', [token]),
    stream: (trx) => collect(trx.select('id').from('ledger').orderBy('id').stream()),
    outside: async (db, text) => (await db.raw(text)).rows,
    close: (db) => db.destroy(),
  },
  {
    name: 'TypeORM',
    npm: 'typeorm',
    entry: withTypeOrm,
    gotcha: 'errors keep the parameters; `cache: true` keeps rows across identities',
    open: (config, max) => new DataSource({ type: 'postgres', ...config, username: config.user, poolSize: max }).initialize(),
    ask: (manager, text) => manager.query(text),
    fail: (manager, token) => manager.query(FAIL, [token]),
    stream: async (manager) => collect(await manager.queryRunner.stream(NUMBERS)),
    outside: (source, text) => source.query(text),
    close: (source) => source.destroy(),
  },
  {
    name: 'Sequelize',
    npm: 'sequelize',
    entry: withSequelize,
    gotcha: '`replacements` are put into the text, `bind` is bound; each call takes `{ transaction }`',
    open: (config, max) => new Sequelize(config.database, config.user, null, { dialect: 'postgres', host: config.host, port: config.port, logging: false, pool: { max } }),
    ask: (transaction, text) => transaction.sequelize.query(text, { transaction, type: 'SELECT' }),
    fail: (transaction, token) => transaction.sequelize.query(FAIL, { transaction, bind: [token] }),
    outside: (sequelize, text) => sequelize.query(text, { type: 'SELECT' }),
    close: (sequelize) => sequelize.close(),
  },
  {
    name: 'MikroORM',
    npm: '@mikro-orm/postgresql',
    entry: withMikroOrm,
    gotcha: '`em.execute` puts values into the text; an identity map of another user still has its entities: the entry forks an empty one',
    open: async (config, max) => {
      const orm = await MikroORM.init({ ...config, dbName: config.database, entities: [Ledger], pool: { min: 0, max } })
      return Object.assign(orm.em, { orm })
    },
    ask: (em, text) => em.execute(text),
    fail: (em, token) => em.execute('SELECT 1/0 FROM (SELECT ?::text) token', [token]),
    outside: (em, text) => em.fork().execute(text),
    close: (em) => em.orm.close(),
  },
  {
    name: 'Slonik',
    withoutSockets: true,
    npm: 'slonik',
    entry: withSlonik,
    gotcha: 'a transaction that PostgreSQL gave up is tried again, fn with it; it needs one connection for itself',
    open: (config, max) => createPool(url(config), { maximumPoolSize: max }),
    ask: async (connection, text) => (await connection.query(slonikSql.unsafe(tagged(text)))).rows,
    fail: (connection, token) => connection.query(slonikSql.unsafe`SELECT 1/0 FROM (SELECT ${token}::text) token`),
    outside: async (pool, text) => (await pool.query(slonikSql.unsafe(tagged(text)))).rows,
    close: (pool) => pool.end(),
  },
]
