/**
 * kysely.mjs
 *   Kysely over any of its dialects of PostgreSQL.
 */
import { compiled } from './compiled.mjs'
import { authenticateStatement, checkIsolationLevel, withoutToken } from './session.mjs'

/** Runs fn(trx) in a transaction of its own as the user of `token`; `trx` is Kysely's. */
export async function withSession(db, token, fn, options = {}) {
  checkIsolationLevel(options.isolationLevel)
  const authenticate = compiled(authenticateStatement(token, { ...options, readOnly: false }))
  let transaction = db.transaction()
  if (options.isolationLevel) transaction = transaction.setIsolationLevel(options.isolationLevel.toLowerCase())
  if (options.readOnly) transaction = transaction.setAccessMode('read only')
  return withoutToken(token, () =>
    transaction.execute(async (trx) => {
      await trx.executeQuery(authenticate)
      return fn(trx)
    }),
  )
}
