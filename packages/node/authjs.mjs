/**
 * authjs.mjs
 *   Auth.js with database sessions that live in session_auth.
 */
import { bindable } from './session.mjs'

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
