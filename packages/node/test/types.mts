/** types.mts: what applications write, for the compiler alone. */
import type { PrismaClient } from '@prisma/client'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import type { Knex } from 'knex'
import type { Kysely } from 'kysely'
import type pg from 'pg'
import type postgres from 'postgres'
import type { Sequelize } from 'sequelize'
import type { DatabasePool } from 'slonik'
import type { DataSource } from 'typeorm'
import { cleanError, httpStatus, sqlState } from 'session-auth'
import * as withDrizzle from 'session-auth/drizzle'
import * as withKnex from 'session-auth/knex'
import * as withKysely from 'session-auth/kysely'
import * as withPg from 'session-auth/pg'
import * as withPostgres from 'session-auth/postgres'
import * as withPrisma from 'session-auth/prisma'
import * as withSequelize from 'session-auth/sequelize'
import * as withSlonik from 'session-auth/slonik'
import * as withTypeOrm from 'session-auth/typeorm'

declare const token: string | undefined
declare const pool: pg.Pool
declare const connection: pg.Client
declare const sql: postgres.Sql
declare const prisma: PrismaClient
declare const drizzle: NodePgDatabase
declare const kysely: Kysely<{ ledger: { id: number } }>
declare const knex: Knex
declare const source: DataSource
declare const sequelize: Sequelize
declare const slonik: DatabasePool

export const answers: Promise<number>[] = [
  withPg.withSession(pool, token, async (client) => (await client.query('SELECT 1')).rowCount ?? 0, { readOnly: true }),
  withPostgres.withSession(sql, token, async (reserved) => (await reserved`SELECT 1`).count),
  withPg.withConnection(connection, token, async (client) => (await client.query('SELECT 1')).rowCount ?? 0, { tenant: 'acme' }),
  withPrisma.withSession(prisma, token, (tx) => tx.ledger.count(), { maxWait: 1000 }),
  withPrisma.withPrismaSession(prisma, async () => token).ledger.count(),
  withPrisma.withPrismaSession(prisma, token, { request: (tx) => tx.ledger.count() }),
  withDrizzle.withSession(drizzle, token, async (tx) => (await tx.execute('SELECT 1')).rowCount ?? 0),
  withKysely.withSession(kysely, token, async (trx) => (await trx.selectFrom('ledger').select('id').execute()).length),
  withKnex.withSession(knex, token, async (trx) => (await trx('ledger').select('id')).length),
  withTypeOrm.withSession(source, token, async (manager) => (await manager.query('SELECT 1')).length),
  withSequelize.withSession(sequelize, token, async (transaction) => (await sequelize.query('SELECT 1', { transaction })).length),
  withSlonik.withSession(slonik, token, async (connection) => Number(connection !== undefined)),
]
export const status: 401 | 403 | 500 | 503 | undefined = httpStatus(cleanError(new Error(sqlState({})), token))
// @ts-expect-error: there is no such level
withPg.withSession(pool, token, () => 1, { isolationLevel: 'CHAOS' })
