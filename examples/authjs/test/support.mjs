/**
 * support.mjs
 *   A database of its own for each test file, in the cluster that PGHOST names (scripts/with-cluster).
 *
 * Two database roles, as an application should have them: one that serves requests and one that
 * issues sessions. Neither owns a table.
 */
import { readFile } from 'node:fs/promises'
import pg from 'pg'

const server = { host: process.env.PGHOST, port: Number(process.env.PGPORT ?? 5432) }

export async function createDatabase(name) {
  const admin = new pg.Client({ ...server, user: 'postgres', database: 'postgres' })
  await admin.connect()
  await admin.query(`CREATE DATABASE ${name}`)
  await admin.query(`CREATE ROLE ${name}_request LOGIN`)
  await admin.query(`CREATE ROLE ${name}_issuer LOGIN`)
  await admin.end()

  const config = (user) => ({ ...server, user, database: name })
  const owner = new pg.Pool(config('postgres'))
  const schema = await readFile(new URL('schema.sql', import.meta.url), 'utf8')
  await owner.query(schema.replaceAll(':request', `${name}_request`).replaceAll(':issuer', `${name}_issuer`))

  const pools = [owner]
  return {
    owner,
    config,
    request: `${name}_request`,
    issuer: `${name}_issuer`,
    pool(user, options = {}) {
      const pool = new pg.Pool({ ...config(user), ...options })
      pools.push(pool)
      return pool
    },
    async createSession(userId) {
      const { rows } = await owner.query('SELECT token FROM session_auth.create_session($1)', [userId])
      return rows[0].token
    },
    /** Ends every pool, so that the test process can end. */
    async end() {
      await Promise.all(pools.map((pool) => pool.end()))
    },
  }
}
