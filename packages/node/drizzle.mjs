/**
 * drizzle.mjs
 *   Drizzle over node-postgres or Postgres.js: authenticate is the transaction's first statement.
 */
import { authenticateStatement, checkIsolationLevel, withoutToken } from './session.mjs'

/** What Drizzle's sql`…` makes, which is not imported here: a dialect asks it for its SQL, and that for its text. */
const query = ({ text, values }) => ({
  getSQL: () => ({ toQuery: () => ({ sql: text, params: values, typings: values.map(() => 'none') }) }),
})

/** Runs fn(tx) in a transaction of its own as the user of `token`; `tx` is Drizzle's. */
export async function withSession(db, token, fn, options = {}) {
  checkIsolationLevel(options.isolationLevel)
  const authenticate = authenticateStatement(token, { ...options, readOnly: false })
  const config = {
    ...(options.isolationLevel && { isolationLevel: options.isolationLevel.toLowerCase() }),
    ...(options.readOnly && { accessMode: 'read only' }),
  }
  return withoutToken(token, () =>
    db.transaction(
      async (tx) => {
        await tx.execute(query(authenticate))
        return fn(tx)
      },
      Object.keys(config).length > 0 ? config : undefined,
    ),
  )
}
