/**
 * slonik.mjs
 *   Slonik's pool.
 */
import { authenticateStatement, checkIsolationLevel, withoutToken } from './session.mjs'

/** What sql.unsafe`…` makes, which is not imported here. */
const query = (text, values = []) => ({
  type: Symbol.for('SLONIK_TOKEN_QUERY'),
  sql: text,
  values,
  parser: { '~standard': { vendor: 'session-auth', version: 1, validate: (value) => ({ value }) } },
})

/**
 * Runs fn(connection) in a transaction of its own as the user of `token`; `connection` is Slonik's.
 * Slonik tries a transaction again that PostgreSQL gave up (class 40), and authenticates again then.
 */
export async function withSession(pool, token, fn, options = {}) {
  checkIsolationLevel(options.isolationLevel)
  const { text, values } = authenticateStatement(token, options)
  return withoutToken(token, () =>
    pool.transaction(async (connection) => {
      if (options.isolationLevel) {
        await connection.query(query(`SET TRANSACTION ISOLATION LEVEL ${options.isolationLevel}`))
      }
      await connection.query(query(text, values))
      return fn(connection)
    }),
  )
}
