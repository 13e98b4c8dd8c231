/**
 * pg.mjs
 *   node-postgres: BEGIN and authenticate in one round trip.
 */
import { authenticateStatement, beginStatement, bindable, refuseSharedConnection, unnoticed, withoutToken } from './session.mjs'

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
