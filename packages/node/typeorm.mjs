/**
 * typeorm.mjs
 *   TypeORM's DataSource of type `postgres`.
 */
import { authenticateStatement, checkIsolationLevel, withoutToken } from './session.mjs'

/** Runs fn(manager) in a transaction of its own as the user of `token`; `manager` is TypeORM's. */
export async function withSession(dataSource, token, fn, options = {}) {
  checkIsolationLevel(options.isolationLevel)
  const { text, values } = authenticateStatement(token, options)
  const run = async (manager) => {
    await manager.query(text, values)
    return fn(manager)
  }
  return withoutToken(token, () =>
    options.isolationLevel ? dataSource.transaction(options.isolationLevel, run) : dataSource.transaction(run),
  )
}
