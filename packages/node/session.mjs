/**
 * session.mjs
 *   What all clients share: the statement that authenticates, and how an error leaves.
 *
 * Invariants: a token is always a bind parameter, never a part of the SQL text; nothing runs under an
 * identity that was not verified in the same transaction; and no identity outlives that transaction,
 * so connections can be shared, by a pool here and by a pooler in between. withConnection alone keeps one, for
 * as long as it has the connection for itself, and closes that.
 */
import { cleanError } from './errors.mjs'

/** No token has a zero byte, and PostgreSQL's text cannot hold one: such a token is none. */
export function bindable(token) {
  return typeof token === 'string' && !token.includes('\0') ? token : null
}

const ISOLATION_LEVELS = ['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE']

export function checkIsolationLevel(isolationLevel) {
  if (isolationLevel !== undefined && !ISOLATION_LEVELS.includes(isolationLevel)) {
    throw new TypeError(`invalid isolationLevel: it must be one of ${ISOLATION_LEVELS.join(', ')}`)
  }
}

export function beginStatement({ readOnly, isolationLevel } = {}) {
  checkIsolationLevel(isolationLevel)
  return (
    'BEGIN' +
    (isolationLevel === undefined ? '' : ` ISOLATION LEVEL ${isolationLevel}`) +
    (readOnly ? ' READ ONLY' : '')
  )
}

/**
 * The statement that authenticates, with its values; `placeholder(n)` is how the client writes the nth.
 * `readOnly` is for clients that cannot begin a transaction so; authenticate itself writes nothing.
 */
export function authenticateStatement(token, options = {}, placeholder = (n) => `$${n}`) {
  const { tenant, optional, readOnly } = options
  const first = readOnly ? "SELECT set_config('transaction_read_only', 'on', true), " : 'SELECT '
  const within = tenant === undefined || tenant === null ? '' : `, tenant => ${placeholder(2)}`
  const refused = optional === true ? ", on_refused => 'nobody'" : ''
  return {
    text: `${first}(session_auth.authenticate(${placeholder(1)}${within}${refused})).user_id`,
    values: within ? [bindable(token), tenant] : [bindable(token)],
  }
}

/**
 * Refuses scope connection on a connection that others get as well. PgBouncer 1.26 and newer report at login
 * how they pool; older ones and other poolers say nothing, and nothing can be refused there.
 */
export function refuseSharedConnection(poolMode) {
  if (poolMode === undefined || poolMode === 'session') return
  const error = new Error(
    `scope connection is refused: PgBouncer pools by ${poolMode}, and whoever gets the server's connection next would have this identity; use withSession`,
  )
  throw Object.assign(error, { code: '55000' })
}

/** Runs work; what it rejects with does not hold the token. */
export async function withoutToken(token, work) {
  try {
    return await work()
  } catch (error) {
    throw cleanError(error, token)
  }
}

/** For clients that commit themselves, and say nothing when PostgreSQL rolled back instead. */
export function unnoticed() {
  return new Error('the transaction was rolled back: a statement in it failed and went unnoticed')
}
