/**
 * knex.mjs
 *   Knex with its client `pg`.
 */
import { authenticateStatement, checkIsolationLevel, withoutToken } from './session.mjs'

/** Runs fn(trx) in a transaction of its own as the user of `token`; `trx` is Knex's. */
export async function withSession(knex, token, fn, options = {}) {
  checkIsolationLevel(options.isolationLevel)
  const { text, values } = authenticateStatement(token, options, () => '?')
  return withoutToken(token, () =>
    knex.transaction(
      async (trx) => {
        await trx.raw(text, values)
        return fn(trx)
      },
      options.isolationLevel ? { isolationLevel: options.isolationLevel.toLowerCase() } : undefined,
    ),
  )
}
