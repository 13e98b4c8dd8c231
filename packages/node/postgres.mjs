/**
 * postgres.mjs
 *   Postgres.js: BEGIN and authenticate in one round trip, on a reserved connection.
 */
import { authenticateStatement, beginStatement, unnoticed, withoutToken } from './session.mjs'

async function transaction(sql, token, fn, options) {
  const begin = beginStatement(options)
  const { text, values } = authenticateStatement(token, { ...options, readOnly: false })
  const connection = await sql.reserve()
  try {
    // sent without waiting for the first answer; sql.begin would wait
    await Promise.all([connection.unsafe(begin), connection.unsafe(text, values, { prepare: true })])
    const result = await fn(connection)
    const { command } = await connection.unsafe('COMMIT')
    if (command !== 'COMMIT') throw unnoticed()
    return result
  } catch (error) {
    await connection.unsafe('ROLLBACK').catch(() => {})
    throw error
  } finally {
    connection.release()
  }
}

/**
 * Runs fn(sql) in a transaction of its own as the user of `token`, as session-auth/pg does. `sql` is a
 * reserved connection: it has no `begin`; `savepoint` is written as SQL.
 */
export async function withSession(sql, token, fn, options = {}) {
  return withoutToken(token, () => transaction(sql, token, fn, options))
}
