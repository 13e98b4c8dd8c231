/**
 * postgres.mjs
 *   Postgres.js: BEGIN and authenticate in one round trip, on a reserved connection.
 */
import { authenticateStatement, beginStatement, unnoticed, withoutToken } from './session.mjs'

/** With `fetch_types: false`, reserve() waits for ever for a connection that it has to open first. */
const reservesColdly = (sql) => sql.options?.fetch_types !== false

/** Postgres.js' own transaction, a round trip more: it rejects by itself when a statement failed, caught or not. */
async function ownTransaction(sql, begin, { text, values }, fn) {
  let result
  await sql.begin(begin.replace('BEGIN', ''), async (transaction) => {
    await transaction.unsafe(text, values, { prepare: true })
    result = await fn(transaction)
  })
  return result
}

async function transaction(sql, token, fn, options) {
  const begin = beginStatement(options)
  const authenticate = authenticateStatement(token, { ...options, readOnly: false })
  if (!reservesColdly(sql)) return ownTransaction(sql, begin, authenticate, fn)
  const { text, values } = authenticate
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
 * reserved connection: it has no `begin`; `savepoint` is written as SQL. With `fetch_types: false` it is that of
 * Postgres.js' own transactions.
 *
 * There is no withConnection here: Postgres.js replaces a connection that was lost or has grown old, and would go on as nobody.
 */
export async function withSession(sql, token, fn, options = {}) {
  return withoutToken(token, () => transaction(sql, token, fn, options))
}
