/**
 * session-auth.mjs
 *   Ties node-postgres, Prisma and Auth.js to the PostgreSQL extension session_auth.
 *
 * Copy this one file into an application: it imports nothing.
 *
 * Invariants: a token is always a bind parameter, never a part of the SQL text; nothing runs under an
 * identity that was not verified in the same transaction; and no identity outlives that transaction,
 * so connections can be shared, by a pool here and by a pooler in between.
 */

// ---------------------------------------------------------------------------- errors

/** The SQLSTATE of an error of node-postgres or of Prisma; undefined when it has none. */
export function sqlState(error) {
  const cause = error?.meta?.driverAdapterError?.cause
  const code = cause?.originalCode ?? error?.meta?.code ?? error?.code
  return /^[0-9A-Z]{5}$/.test(code ?? '') && !/^P[12]\d{3}$/.test(code) ? code : undefined
}

/**
 * What an HTTP API answers: 401 for 28000 (no valid session), 403 for 42501 (not allowed), and
 * undefined for everything else, which is no matter of authorization and best thrown on.
 */
export function httpStatus(error) {
  // The server has no 28000 of its own but for connections that it turns away: not the user's fault.
  if (error?.severity === 'FATAL' || error?.code === 'P1010') return undefined
  return { 28000: 401, 42501: 403 }[sqlState(error)]
}

/** No token has a zero byte, and PostgreSQL's text cannot hold one: such a token is none. */
function bindable(token) {
  return typeof token === 'string' && !token.includes('\0') ? token : null
}

// ---------------------------------------------------------------------------- node-postgres

const AUTHENTICATE = 'SELECT (session_auth.authenticate($1, tenant => $2)).user_id'
const AUTHENTICATE_OR_NOBODY =
  "SELECT (session_auth.authenticate($1, tenant => $2, on_refused => 'nobody')).user_id"

const ISOLATION_LEVELS = ['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE']

function beginStatement({ readOnly, isolationLevel }) {
  if (isolationLevel !== undefined && !ISOLATION_LEVELS.includes(isolationLevel)) {
    throw new TypeError(`invalid isolationLevel: it must be one of ${ISOLATION_LEVELS.join(', ')}`)
  }
  return (
    'BEGIN' +
    (isolationLevel === undefined ? '' : ` ISOLATION LEVEL ${isolationLevel}`) +
    (readOnly ? ' READ ONLY' : '')
  )
}

/**
 * BEGIN and authenticate in one round trip. node-postgres sends a query only once the one before has
 * been answered, unless the pool was made with `pipeline: true`; so both go out as one query here,
 * under one Sync: when either fails, the server skips the rest.
 */
async function beginAs(client, begin, authenticate, values) {
  const { Query } = client.constructor
  if (client.pipeline) {
    await Promise.all([client.query(begin), client.query(authenticate, values)])
  } else if (typeof Query?.prototype?.prepare === 'function' && client.connection) {
    class BeginAndAuthenticate extends Query {
      prepare(connection) {
        connection.parse({ text: begin })
        connection.bind({})
        connection.execute({})
        super.prepare(connection)
      }
    }
    await new Promise((resolve, reject) => {
      client.query(
        new BeginAndAuthenticate(authenticate, values, (error, result) =>
          error ? reject(error) : resolve(result),
        ),
      )
    })
  } else {
    await client.query(begin)
    await client.query(authenticate, values)
  }
}

const ignore = () => {}

/**
 * Runs fn(client) in a transaction of its own as the user of `token`: one round trip to begin and
 * authenticate, one to commit. Returns what fn returns.
 *
 * Rejects with SQLSTATE 28000, and fn is not called, when the token is missing or refused; with
 * `optional: true` fn runs without an identity then, as nobody. When fn fails, and when it has swallowed an error that aborted the transaction, everything is rolled back
 * and the promise is rejected. The client goes back to the pool in every case.
 */
export async function withSession(pool, token, fn, options = {}) {
  const begin = beginStatement(options)
  const authenticate = options.optional === true ? AUTHENTICATE_OR_NOBODY : AUTHENTICATE
  const values = [bindable(token), options.tenant ?? null]
  const client = await pool.connect()
  let unusable
  // A connection that breaks also rejects the query at hand; unheard, the event would end the process.
  client.on('error', ignore)
  try {
    await beginAs(client, begin, authenticate, values)
    const result = await fn(client)
    const { command } = await client.query('COMMIT')
    if (command !== 'COMMIT') {
      throw new Error('the transaction was rolled back: a statement in it failed and went unnoticed')
    }
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch((failure) => {
      unusable = failure
    })
    throw error
  } finally {
    client.removeListener('error', ignore)
    client.release(unusable)
  }
}

// ---------------------------------------------------------------------------- Prisma

/**
 * A Prisma client extension: `prisma.$extends(sessionAuthExtension(token))`. Each operation, raw ones
 * too, runs in a transaction that authenticates first; `$transaction`, with a callback as with an
 * array, authenticates once at its start.
 *
 * `token` may be a function, async too: it is asked before each transaction, so that one extended
 * client can serve every request, as in `sessionAuthExtension(async () => (await cookies()).get(…))`.
 *
 * With `optional: true` a token that is missing or refused raises no 28000: the operation runs
 * without an identity, as nobody.
 */
export function sessionAuthExtension(token, { tenant = null, optional = false } = {}) {
  const current = async () => bindable(typeof token === 'function' ? await token() : token)
  const authenticate = (client, value) =>
    optional === true
      ? client.$executeRaw`SELECT (session_auth.authenticate(${value}, tenant => ${tenant}, on_refused => 'nobody')).user_id`
      : client.$executeRaw`SELECT (session_auth.authenticate(${value}, tenant => ${tenant})).user_id`

  return (client) =>
    client.$extends({
      name: 'session_auth',
      client: {
        async $transaction(work, options) {
          const value = await current()
          if (typeof work === 'function') {
            const authenticated = async (tx) => {
              await authenticate(tx, value)
              return work(tx)
            }
            return client.$transaction.call(this, authenticated, options)
          }
          const [, ...results] = await client.$transaction.call(
            this,
            [authenticate(client, value), ...work],
            options,
          )
          return results
        },
      },
      query: {
        async $allOperations({ args, query, __internalParams }) {
          if (__internalParams?.transaction) return query(args)
          const value = await current()
          const [, result] = await client.$transaction([authenticate(client, value), query(args)])
          return result
        },
      },
    })
}

/** The Prisma client with that extension, of the same type as the client. */
export function withPrismaSession(prisma, token, options) {
  return prisma.$extends(sessionAuthExtension(token, options))
}

// ---------------------------------------------------------------------------- Auth.js

const FIND = `SELECT user_id, expires_at FROM session_auth.verify_session($1) WHERE kind = 'opaque'`

// An interval of seconds alone: one with days would change its length with daylight saving time.
const CREATE = `
  SELECT expires_at FROM session_auth.create_session(
    $1, make_interval(secs => extract(epoch FROM $2::timestamptz - clock_timestamp())::float8), $3, $4)`

// None of these two raises an error for a token that is refused: the function is not called.
const REFRESH = `
  SELECT user_id, session_auth.refresh_session($1) AS expires_at FROM (${FIND} OFFSET 0) found`

const EXPIRE = `
  SELECT user_id, expires_at, session_auth.expire_session($1::text) FROM (${FIND} OFFSET 0) found`

/**
 * Wraps an Auth.js adapter so that its sessions live in session_auth, as hashes; users, accounts and
 * everything else stay with the adapter. `pool` is a node-postgres pool (or anything with its `query`)
 * whose database role was granted the usage `issuer`.
 *
 * `metadata(session)`, if given, returns what my_sessions() shows of a new session, such as the device.
 *
 * An expiry is slid, not set: updateSession moves it to now + the lifetime that the session was
 * created with, which is what Auth.js asks for, and returns where it came to be. One that lies in the
 * past ends the session.
 */
export function sessionAuthAdapter(adapter, { pool, metadata }) {
  const one = async (sql, values) => (await pool.query(sql, values)).rows[0]

  const sessionOf = (sessionToken, row) =>
    row ? { sessionToken, userId: row.user_id, expires: new Date(row.expires_at) } : null

  const expire = async (sessionToken) =>
    sessionOf(sessionToken, await one(EXPIRE, [bindable(sessionToken)]))

  const wrapped = {
    ...adapter,

    async createSession(session) {
      const { sessionToken, userId, expires } = session
      const described = JSON.stringify((await metadata?.(session)) ?? {})
      const row = await one(CREATE, [String(userId), expires, sessionToken, described])
      return { sessionToken, userId, expires: new Date(row.expires_at) }
    },

    async getSessionAndUser(sessionToken) {
      const session = sessionOf(sessionToken, await one(FIND, [bindable(sessionToken)]))
      const user = session && (await adapter.getUser(session.userId))
      // The adapter's own id: a number where its column is one.
      return user ? { session: { ...session, userId: user.id }, user } : null
    },

    async updateSession({ sessionToken, expires }) {
      if (expires && expires <= new Date()) {
        await expire(sessionToken)
        return null
      }
      const row = await one(expires ? REFRESH : FIND, [bindable(sessionToken)])
      return sessionOf(sessionToken, row)
    },

    deleteSession: expire,
  }

  // Sessions that the adapter's database would have deleted along with the user.
  if (adapter.deleteUser) {
    wrapped.deleteUser = async (userId) => {
      await pool.query('SELECT session_auth.expire_user_sessions($1)', [String(userId)])
      return adapter.deleteUser(userId)
    }
  }
  return wrapped
}

/**
 * `jwt: credentialsJwt(adapter)` in an Auth.js configuration with database sessions: logins with a
 * password get a session like every other. Auth.js asks jwt.encode for the cookie's value there.
 */
export function credentialsJwt(adapter) {
  return {
    async encode({ token, maxAge = 30 * 24 * 60 * 60 }) {
      const { sessionToken } = await adapter.createSession({
        sessionToken: crypto.randomUUID(),
        userId: token.sub,
        expires: new Date(Date.now() + maxAge * 1000),
      })
      return sessionToken
    },
  }
}
