/**
 * prisma.mjs
 *   Prisma: a client extension, and one transaction for a whole request.
 */
import { authenticateStatement, bindable, checkIsolationLevel, withoutToken } from './session.mjs'

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

export { inOneTransaction as withSession }
