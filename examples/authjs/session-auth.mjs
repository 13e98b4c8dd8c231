/**
 * session-auth.mjs
 *   Ties node-postgres, Prisma and Auth.js to the PostgreSQL extension session_auth.
 *
 * Copy this one file into an application: it imports nothing. It is made of packages/node by its
 * join.mjs, which also has entries for other clients.
 *
 * Invariants: a token is always a bind parameter, never a part of the SQL text; nothing runs under an
 * identity that was not verified in the same transaction; and no identity outlives that transaction,
 * so connections can be shared, by a pool here and by a pooler in between. withConnection alone keeps one, for
 * as long as it has the connection for itself, and closes that.
 */

// ---------------------------------------------------------------------------- errors

/** How far into an error is looked: errors can hold whole clients, and themselves. */
const DEEPEST = 8
const MOST = 2000

const CODES = ['originalCode', 'code', 'sqlState', 'sqlstate', 'dbErrorCode']
const WRAPPED = [
  'cause', 'original', 'originalError', 'parent', 'driverError', 'nativeError', 'driverAdapterError', 'meta', 'previous', 'error',
]

const isObject = (value) => value !== null && (typeof value === 'object' || typeof value === 'function')

/** A property, or undefined where reading it fails. */
function read(object, name) {
  try {
    return object[name]
  } catch {
    return undefined
  }
}

/** P2010 is Prisma's own, EPIPE the operating system's. */
const isSqlState = (code) =>
  typeof code === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(code) && !/^P[1-6]\d{3}$/.test(code)

/** The error and what it wraps, the outer one first. */
function* layers(error) {
  const seen = new Set()
  let level = [error]
  for (let depth = 0; depth < DEEPEST && level.length > 0; depth++) {
    const next = []
    for (const layer of level) {
      if (!isObject(layer) || seen.has(layer) || seen.size >= MOST) continue
      seen.add(layer)
      yield layer
      for (const name of WRAPPED) next.push(read(layer, name))
    }
    level = next
  }
}

/** The layer that has a SQLSTATE, with it. */
function coded(error) {
  for (const layer of layers(error)) {
    for (const name of CODES) {
      const code = read(layer, name)
      if (isSqlState(code)) return { layer, code }
    }
  }
  return { layer: undefined, code: undefined }
}

/** The SQLSTATE of an error of any of the clients; undefined when it has none. */
export function sqlState(error) {
  return coded(error).code
}

const STATUS = { 28000: 401, 42501: 403, 55000: 500, '25P02': 500 }

/**
 * What an HTTP API answers: 401 for 28000 (no valid session), 403 for 42501 (not allowed); 500 for
 * 55000 (the identity cannot change here) and 25P02 (a statement failed before, and that was not
 * noticed), which are faults of the application's; 503 for Prisma's P2028, when no connection was free
 * in time. undefined for everything else, which is no matter of authorization and best thrown on.
 */
export function httpStatus(error) {
  for (const layer of layers(error)) if (read(layer, 'code') === 'P2028') return 503
  // The server has no 28000 of its own but for connections that it turns away: not the user's fault.
  const { layer, code } = coded(error)
  if (read(layer ?? {}, 'severity') === 'FATAL' || read(error ?? {}, 'code') === 'P1010') return undefined
  return STATUS[code]
}

// ---------------------------------------------------------------------------- no token in them

/** As long as the shortest token that opens a session: shorter ones are words of other sentences. */
const SHORTEST = 20
const MASK = '***'

/** A text as it is, as a literal of SQL, and as JSON have it. */
const spellings = (token) =>
  [...new Set([token, token.replaceAll("'", "''"), JSON.stringify(token).slice(1, -1)])].sort((a, b) => b.length - a.length)

function cleanText(text, forms) {
  for (const form of forms) if (text.includes(form)) text = text.replaceAll(form, MASK)
  return text
}

function cleanProperty(object, name, forms) {
  const property = Object.getOwnPropertyDescriptor(object, name)
  if (property === undefined || !('value' in property)) return undefined
  if (typeof property.value !== 'string') return property.value
  const cleaned = cleanText(property.value, forms)
  if (cleaned !== property.value) Object.defineProperty(object, name, { ...property, value: cleaned })
  return undefined
}

/** Everything that is reachable in few steps; sockets and pools are reached by few errors, and bounded. */
function cleanGraph(root, forms) {
  const seen = new Set()
  let level = [root]
  for (let depth = 0; depth < DEEPEST && level.length > 0; depth++) {
    const next = []
    for (const object of level) {
      if (!isObject(object) || seen.has(object) || seen.size >= MOST || ArrayBuffer.isView(object)) continue
      seen.add(object)
      for (const name of Reflect.ownKeys(object)) next.push(cleanProperty(object, name, forms))
    }
    level = next
  }
}

/**
 * The same error without the token: in its message, stack, statement, parameters, and whatever it
 * wraps. Where something of it cannot be changed, another error with its SQLSTATE.
 */
export function cleanError(error, token) {
  if (typeof token !== 'string' || token.length < SHORTEST) return error
  const forms = spellings(token)
  if (typeof error === 'string') return cleanText(error, forms)
  if (!isObject(error)) return error
  try {
    cleanGraph(error, forms)
    return error
  } catch {
    const another = new Error(cleanText(String(read(error, 'message') ?? 'the database refused'), forms))
    return Object.assign(another, { code: sqlState(error) })
  }
}

// ---------------------------------------------------------------------------- what all clients share

/** No token has a zero byte, and PostgreSQL's text cannot hold one: such a token is none. */
function bindable(token) {
  return typeof token === 'string' && !token.includes('\0') ? token : null
}

const ISOLATION_LEVELS = ['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE']

function checkIsolationLevel(isolationLevel) {
  if (isolationLevel !== undefined && !ISOLATION_LEVELS.includes(isolationLevel)) {
    throw new TypeError(`invalid isolationLevel: it must be one of ${ISOLATION_LEVELS.join(', ')}`)
  }
}

function beginStatement({ readOnly, isolationLevel } = {}) {
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
function authenticateStatement(token, options = {}, placeholder = (n) => `$${n}`) {
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
function refuseSharedConnection(poolMode) {
  if (poolMode === undefined || poolMode === 'session') return
  const error = new Error(
    `scope connection is refused: PgBouncer pools by ${poolMode}, and whoever gets the server's connection next would have this identity; use withSession`,
  )
  throw Object.assign(error, { code: '55000' })
}

/** Runs work; what it rejects with does not hold the token. */
async function withoutToken(token, work) {
  try {
    return await work()
  } catch (error) {
    throw cleanError(error, token)
  }
}

/** For clients that commit themselves, and say nothing when PostgreSQL rolled back instead. */
function unnoticed() {
  return new Error('the transaction was rolled back: a statement in it failed and went unnoticed')
}

// ---------------------------------------------------------------------------- node-postgres

/** For each version of node-postgres that an application has: a query that begins first. */
const beginning = new WeakMap()

function beginningQuery(Query) {
  if (!beginning.has(Query)) {
    beginning.set(
      Query,
      class BeginAndAuthenticate extends Query {
        constructor(begin, text, values, callback) {
          super(text, values, callback)
          this.begin = begin
        }

        prepare(connection) {
          connection.parse({ text: this.begin })
          connection.bind({})
          connection.execute({})
          super.prepare(connection)
        }
      },
    )
  }
  return beginning.get(Query)
}

/**
 * BEGIN and authenticate in one round trip. node-postgres sends a query only once the one before has
 * been answered, unless the pool was made with `pipeline: true`; so both go out as one query here,
 * under one Sync: when either fails, the server skips the rest.
 */
async function beginAs(client, begin, { text, values }) {
  const { Query } = client.constructor
  if (client.pipeline) {
    await Promise.all([client.query(begin), client.query(text, values)])
  } else if (typeof Query?.prototype?.prepare === 'function' && client.connection) {
    const BeginAndAuthenticate = beginningQuery(Query)
    await new Promise((resolve, reject) => {
      client.query(
        new BeginAndAuthenticate(begin, text, values, (error, result) =>
          error ? reject(error) : resolve(result),
        ),
      )
    })
  } else {
    await client.query(begin)
    await client.query(text, values)
  }
}

const ignore = () => {}

/** The transaction itself; `run` gets the client. */
async function transaction(pool, token, run, options) {
  const begin = beginStatement(options)
  const authenticate = authenticateStatement(token, { ...options, readOnly: false })
  const client = await pool.connect()
  let unusable
  // A connection that breaks also rejects the query at hand; unheard, the event would end the process.
  client.on('error', ignore)
  try {
    await beginAs(client, begin, authenticate)
    const result = await run(client)
    const { command } = await client.query('COMMIT')
    if (command !== 'COMMIT') throw unnoticed()
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

/**
 * Runs fn(client) in a transaction of its own as the user of `token`: one round trip to begin and
 * authenticate, one to commit. Returns what fn returns.
 *
 * Rejects with SQLSTATE 28000, and fn is not called, when the token is missing or refused; with
 * `optional: true` fn runs without an identity then, as nobody. When fn fails, and when it has
 * swallowed an error that aborted the transaction, everything is rolled back and the promise is
 * rejected. The client goes back to the pool in every case.
 */
export async function withSession(pool, token, fn, options = {}) {
  return withoutToken(token, () => transaction(pool, token, fn, options))
}

/** Connects, and returns how PgBouncer pools: what is reported at login is heard only by who listens before. */
async function connectListening(client) {
  let poolMode
  const hear = ({ parameterName, parameterValue }) => {
    if (parameterName === 'pgbouncer.pool_mode') poolMode = parameterValue
  }
  client.connection.on('parameterStatus', hear)
  try {
    await client.connect() // rejects when it was connected before
  } finally {
    client.connection.removeListener('parameterStatus', hear)
  }
  return poolMode
}

/** scope => 'connection': until the connection ends. */
function authenticateConnectionStatement(token, { tenant } = {}) {
  return {
    text: 'SELECT (session_auth.authenticate($1, $2, $3)).user_id',
    values: [bindable(token), 'connection', tenant ?? null],
  }
}

/** On a connection that is ended afterwards, which ends the identity. */
async function onConnection(client, { text, values }, fn) {
  client.on('error', ignore)
  const poolMode = await connectListening(client)
  try {
    refuseSharedConnection(poolMode)
    await client.query(text, values)
    return await fn(client)
  } finally {
    await client.end().catch(ignore)
  }
}

/**
 * Runs fn(client) on a connection of its own, whose identity lasts from one transaction to the next: for a server
 * that holds a connection for each of its clients, such as one of WebSockets. `client` is a new pg.Client, not
 * yet connected; it is ended when fn is done, and the identity with it.
 *
 * Rejects as withSession does when the token is missing or refused; and with 55000, before the token is
 * sent, when PgBouncer says that the connection is shared.
 */
export async function withConnection(client, token, fn, options = {}) {
  if (typeof client.connection?.on !== 'function') {
    throw new TypeError('withConnection needs a new Client of node-postgres: neither a pool nor pg-native tells how a pooler pools')
  }
  return withoutToken(token, () => onConnection(client, authenticateConnectionStatement(token, options), fn))
}

// ---------------------------------------------------------------------------- Prisma

/** Prisma's own defaults are 2 and 5 seconds: a burst of requests would meet P2028. */
const MAX_WAIT = 10_000
const TIMEOUT = 15_000

const current = async (token) => bindable(typeof token === 'function' ? await token() : token)

function authenticate(client, value, options) {
  const { text, values } = authenticateStatement(value, options)
  return client.$executeRawUnsafe(text, ...values)
}

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
  const options = { tenant, optional }

  return (client) =>
    client.$extends({
      name: 'session_auth',
      client: {
        async $transaction(work, settings) {
          const value = await current(token)
          return withoutToken(value, async () => {
            if (typeof work === 'function') {
              const authenticated = async (tx) => {
                await authenticate(tx, value, options)
                return work(tx)
              }
              return client.$transaction.call(this, authenticated, settings)
            }
            const [, ...results] = await client.$transaction.call(
              this,
              [authenticate(client, value, options), ...work],
              settings,
            )
            return results
          })
        },
      },
      query: {
        async $allOperations({ args, query, __internalParams }) {
          if (__internalParams?.transaction) return query(args)
          const value = await current(token)
          return withoutToken(value, async () => {
            const [, result] = await client.$transaction([authenticate(client, value, options), query(args)])
            return result
          })
        },
      },
    })
}

const PRISMA_LEVELS = { 'READ COMMITTED': 'ReadCommitted', 'REPEATABLE READ': 'RepeatableRead', SERIALIZABLE: 'Serializable' }

/**
 * Runs fn(tx) in one transaction as the user of `token`, and returns what it returns. All operations of
 * a request share one connection then, however many they are, and authenticate once; each for itself
 * would wait for a connection, up to `maxWait` milliseconds (P2028). `timeout` is how long the
 * transaction may take.
 */
async function inOneTransaction(prisma, token, fn, options = {}) {
  checkIsolationLevel(options.isolationLevel)
  const { maxWait = MAX_WAIT, timeout = TIMEOUT, isolationLevel } = options
  const value = await current(token)
  const settings = { maxWait, timeout, ...(isolationLevel && { isolationLevel: PRISMA_LEVELS[isolationLevel] }) }
  return withoutToken(value, () =>
    prisma.$transaction(async (tx) => {
      await authenticate(tx, value, options)
      return fn(tx)
    }, settings),
  )
}

/**
 * The Prisma client with that extension, of the same type as the client.
 *
 * With the option `request`, a function, it runs that in one transaction instead, as withSession of this entry does:
 * `await withPrismaSession(prisma, token, { request: async (tx) => …, maxWait: 10_000 })`.
 */
export function withPrismaSession(prisma, token, options = {}) {
  const { request, ...others } = options
  return request ? inOneTransaction(prisma, token, request, others) : prisma.$extends(sessionAuthExtension(token, others))
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
