/**
 * sequelize.mjs
 *   Sequelize with its dialect `postgres`.
 */
import { authenticateStatement, checkIsolationLevel, withoutToken } from './session.mjs'

/**
 * Runs fn(transaction) in a transaction of its own as the user of `token`: each call in it takes
 * `{ transaction }`, unless Sequelize.useCLS is in force.
 */
export async function withSession(sequelize, token, fn, options = {}) {
  checkIsolationLevel(options.isolationLevel)
  const { text, values } = authenticateStatement(token, options)
  return withoutToken(token, () =>
    sequelize.transaction(
      options.isolationLevel ? { isolationLevel: options.isolationLevel } : {},
      async (transaction) => {
        // `replacements` would be written into the text; and what is bound need not be logged
        await sequelize.query(text, { bind: values, transaction, raw: true, logging: false })
        return fn(transaction)
      },
    ),
  )
}
