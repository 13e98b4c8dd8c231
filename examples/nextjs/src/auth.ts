import { headers } from 'next/headers'
import { PrismaAdapter } from '@auth/prisma-adapter'
import bcrypt from 'bcryptjs'
import NextAuth from 'next-auth'
import Credentials from 'next-auth/providers/credentials'
import GitHub from 'next-auth/providers/github'
import { credentialsJwt, sessionAuthAdapter } from 'session-auth'
import { issuer, logins } from '@/lib/db'
import { describeDevice } from '@/lib/device'

const adapter = sessionAuthAdapter(PrismaAdapter(logins), {
  pool: issuer,
  metadata: async () => ({ device: describeDevice((await headers()).get('user-agent')) }),
})

// Compared with when there is no such user, so that the answer takes as long.
const NOBODY = '$2b$10$Oy5RerU1aNXCTUru8ivUjePWm2ejkyhDcplKbHxw8ulFVvUF0OeeK'

async function authorize({ email, password }: Partial<Record<'email' | 'password', unknown>>) {
  if (typeof email !== 'string' || typeof password !== 'string') return null
  const found = await logins.user.findUnique({
    where: { email: email.trim().toLowerCase() },
    omit: { passwordHash: false },
  })
  const matches = await bcrypt.compare(password, found?.passwordHash ?? NOBODY)
  if (!found?.passwordHash || !matches) return null
  return { id: found.id, name: found.name, email: found.email }
}

export const { handlers, auth, signIn, signOut } = NextAuth({
  adapter,
  jwt: credentialsJwt(adapter),
  providers: [
    Credentials({ credentials: { email: {}, password: {} }, authorize }),
    GitHub({
      enterprise: process.env.GITHUB_BASE_URL
        ? { baseUrl: process.env.GITHUB_BASE_URL }
        : undefined,
    }),
  ],
  pages: { signIn: '/login', error: '/login' },
  callbacks: {
    // What /api/auth/session shows to the browser: these fields, never the row that they come from.
    session: ({ session, user }) => ({
      user: { id: user.id, name: user.name, email: user.email },
      expires: session.expires,
    }),
  },
})
