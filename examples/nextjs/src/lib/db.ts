/**
 * The two ways into the database, which never mix: `db` serves requests, as the user of the cookie;
 * `logins` and `issuer` do logins, and see no business data.
 */
import 'server-only'
import { cookies } from 'next/headers'
import { PrismaPg } from '@prisma/adapter-pg'
import { Pool } from 'pg'
import { withPrismaSession } from 'session-auth'
import { PrismaClient } from '../../generated/prisma/client'

export const SESSION_COOKIE = process.env.AUTH_URL?.startsWith('https:')
  ? '__Secure-authjs.session-token'
  : 'authjs.session-token'

async function sessionToken() {
  return (await cookies()).get(SESSION_COOKIE)?.value
}

function connect() {
  const issuer = new Pool({ connectionString: process.env.AUTH_DATABASE_URL })
  return {
    issuer,
    requests: new PrismaClient({
      adapter: new PrismaPg({ connectionString: process.env.DATABASE_URL }),
    }),
    logins: new PrismaClient({
      adapter: new PrismaPg(issuer),
      // Auth.js hands user rows about; the hash is read in one place alone, by name (auth.ts).
      omit: { user: { passwordHash: true } },
    }),
  }
}

// One set of connections per process, also when the development server loads this file again.
const shared = globalThis as typeof globalThis & { connections?: ReturnType<typeof connect> }
const { issuer, requests, logins } = (shared.connections ??= connect())

export { issuer, logins }

/** Every operation runs as whoever sent the request; without a session it raises 28000. */
export const db = withPrismaSession(requests, sessionToken)
