/**
 * mikro-orm.mjs
 *   MikroORM with its driver of PostgreSQL, version 6 (over Knex) and 7 (over Kysely).
 */
import { compiled } from './compiled.mjs'
import { authenticateStatement, checkIsolationLevel, withoutToken } from './session.mjs'

/** em.execute writes values into the text; what lies below it binds them. */
async function authenticate(em, token, options) {
  const context = em.getTransactionContext()
  if (typeof context?.executeQuery === 'function') {
    await context.executeQuery(compiled(authenticateStatement(token, options)))
  } else {
    const { text, values } = authenticateStatement(token, options, () => '?')
    await context.raw(text, values)
  }
}

/**
 * Runs fn(em) in a transaction of its own as the user of `token`; `em` is a fork with an identity map of
 * its own, so that no entity of another user is found in it.
 */
export async function withSession(em, token, fn, options = {}) {
  checkIsolationLevel(options.isolationLevel)
  return withoutToken(token, () =>
    em.fork({ clear: true }).transactional(
      async (transactional) => {
        await authenticate(transactional, token, options)
        return fn(transactional)
      },
      { clear: true, ...(options.isolationLevel && { isolationLevel: options.isolationLevel.toLowerCase() }) },
    ),
  )
}
