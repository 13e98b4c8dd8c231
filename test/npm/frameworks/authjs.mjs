// Auth.js with one of its adapters on tables of that adapter, which the database adopts: sign-in by a link in a mail,
// the touch of updateAge, sign-out, expiry. Which adapter is the argument; the time zone is the process's.
import { Auth } from '@auth/core'
import pg from 'pg'
import { asAdmin, cookiesOf, end, equal, userOf, versions } from './tap.mjs'

const pool = new pg.Pool({ user: process.env.ADMIN })
const [users, tokens] = [
  (name, id) => `CREATE TABLE ${name} (id ${id}, name text, email text UNIQUE, "emailVerified" timestamptz, image text)`,
  (name) => `CREATE TABLE ${name} (identifier text, token text, expires timestamptz NOT NULL, PRIMARY KEY (identifier, token))`,
]

/** What makes each adapter's tables, as its documentation has them, what adopts them, and the adapter. */
const adapters = {
  'pg-adapter': {
    packages: ['@auth/pg-adapter'],
    tables: [users('users', 'serial PRIMARY KEY'), tokens('verification_token'), 'CREATE TABLE accounts (id serial PRIMARY KEY, "userId" integer)',
      'CREATE TABLE sessions (id serial PRIMARY KEY, "userId" integer NOT NULL, expires timestamptz NOT NULL, "sessionToken" varchar(255) NOT NULL)'],
    adopts: `'sessions', 'sessionToken', 'userId', 'expires'`,
    make: async () => (await import('@auth/pg-adapter')).default(pool),
  },
  'drizzle-adapter': {
    packages: ['@auth/drizzle-adapter', 'drizzle-orm'],
    tables: ['CREATE TABLE "user" (id text PRIMARY KEY, name text, email text UNIQUE, "emailVerified" timestamp, image text)',
      'CREATE TABLE "verificationToken" (identifier text, token text, expires timestamp NOT NULL)',
      'CREATE TABLE session ("sessionToken" text PRIMARY KEY, "userId" text NOT NULL REFERENCES "user" ON DELETE CASCADE, expires timestamp NOT NULL)'],
    adopts: `'session', 'sessionToken', 'userId', 'expires'`,
    make: async () => {
      const { drizzle } = await import('drizzle-orm/node-postgres')
      return (await import('@auth/drizzle-adapter')).DrizzleAdapter(drizzle(pool))
    },
  },
  'kysely-adapter': {
    packages: ['@auth/kysely-adapter', 'kysely'],
    tables: [users('"User"', 'uuid PRIMARY KEY DEFAULT gen_random_uuid()'), tokens('"VerificationToken"'),
      'CREATE TABLE "Session" (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "userId" uuid REFERENCES "User" ON DELETE CASCADE, "sessionToken" text UNIQUE, expires timestamp NOT NULL)'],
    adopts: `'"Session"', 'sessionToken', 'userId', 'expires', time_zone => '${process.env.TZ ?? 'UTC'}'`,
    make: async () => {
      const { Kysely, PostgresDialect } = await import('kysely')
      return (await import('@auth/kysely-adapter')).KyselyAdapter(new Kysely({ dialect: new PostgresDialect({ pool }) }))
    },
  },
  'typeorm-adapter': {
    packages: ['@auth/typeorm-adapter', 'typeorm'],
    tables: ['CREATE EXTENSION IF NOT EXISTS "uuid-ossp"'],
    adopts: `'sessions', 'sessionToken', 'userId', 'expires', expires_form => 'milliseconds'`,
    make: async () => {
      process.env.NODE_ENV = 'production' // or it warns at each call
      const { TypeORMAdapter, getManager, entities } = await import('@auth/typeorm-adapter')
      const source = { type: 'postgres', host: process.env.PGHOST, port: Number(process.env.PGPORT), username: process.env.ADMIN, database: process.env.PGDATABASE, synchronize: true }
      const manager = await getManager({ dataSource: source, entities })
      return { ...TypeORMAdapter(source), closes: () => manager.connection.destroy() }
    },
  },
}

const { packages, tables, adopts, make } = adapters[process.argv[2]]
versions('@auth/core', ...packages, 'pg')
console.log(`# in ${process.env.TZ ?? 'UTC'}`)
for (const statement of tables) await asAdmin(statement)
const adapter = await make()
await asAdmin(`SELECT session_auth.adopt_sessions(${adopts})`)

const origin = 'http://localhost:3000'
const mails = []
const config = {
  adapter, basePath: '/auth', secret: process.env.SECRET_KEY, trustHost: true, session: { strategy: 'database', maxAge: 3600, updateAge: 60 },
  logger: { error: (error) => console.log(`# ${error}`), warn() {}, debug() {} },
  providers: [{ id: 'mail', type: 'email', name: 'Mail', maxAge: 600, sendVerificationRequest: async ({ url }) => { mails.push(url) } }],
}
let jar = ''
async function visit(path, form) {
  const response = await Auth(new Request(new URL(path, origin), {
    method: form ? 'POST' : 'GET', body: form && new URLSearchParams(form), headers: { cookie: jar, 'content-type': 'application/x-www-form-urlencoded' },
  }), config)
  jar = cookiesOf(response, jar)
  return response
}
const csrf = async () => (await (await visit('/auth/csrf')).json()).csrfToken
const served = async () => (await visit('/auth/session')).json()
async function signIn(email) {
  jar = ''
  await visit('/auth/signin/mail', { csrfToken: await csrf(), email })
  await visit(mails.pop())
  return jar.split('; ').find((cookie) => cookie.startsWith('authjs.session-token=')) ?? ''
}
const lives = (cookie) => asAdmin(`SELECT extract(epoch FROM expires_at - now())::float8 FROM session_auth.authenticate_request($1, NULL, on_refused => 'nobody')`, cookie)
const isNear = (seconds, wanted) => seconds > wanted - 30 && seconds <= wanted + 1
const tokenIn = (cookie) => decodeURIComponent(cookie.split('=')[1])

const cookie = await signIn('ada@example.com')
const ada = String((await adapter.getUserByEmail('ada@example.com')).id)
equal((await served()).user?.email, 'ada@example.com', 'ada signs in')
equal(await userOf(cookie), ada, 'the database finds her')
equal(isNear(await lives(cookie), 3600), true, 'for the hour that Auth.js gives her')

// Auth.js writes a new expiry once the session is older than updateAge.
await adapter.updateSession({ sessionToken: tokenIn(cookie), expires: new Date(Date.now() + 600_000) })
equal(isNear(await lives(cookie), 600), true, 'an hour becomes ten minutes')
equal((await served()).user?.email, 'ada@example.com', 'she comes back')
equal(isNear(await lives(cookie), 3600), true, 'the touch of updateAge is followed')

const other = await signIn('uwe@example.com')
equal([await userOf(other), await userOf(cookie)], [String((await adapter.getUserByEmail('uwe@example.com')).id), ada], 'uwe signs in, too')
await visit('/auth/signout', { csrfToken: await csrf() })
equal([await userOf(other), await userOf(cookie)], [null, ada], 'he signs out: his session has ended, hers has not')

await adapter.updateSession({ sessionToken: tokenIn(cookie), expires: new Date(Date.now() - 1000) })
jar = cookie
equal([await userOf(cookie), await served()], [null, null], 'hers expires, for the database as for Auth.js')
const last = await signIn('ada@example.com')
equal(await userOf(last), ada, 'she signs in once more')
await adapter.deleteUser(ada)
equal(await userOf(last), null, 'with the user the sessions go')

await adapter.closes?.()
await pool.end()
await end()
