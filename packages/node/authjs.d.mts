/** The types of authjs.mjs, which says what each does. */

interface Queryable {
  query(text: string, values?: unknown[]): Promise<{ rows: any[] }>
}

interface Session {
  sessionToken: string
  userId: string
  expires: Date
}

export function sessionAuthAdapter<Adapter extends object>(
  adapter: Adapter,
  options: {
    pool: Queryable
    metadata?: (session: Session) => object | undefined | Promise<object | undefined>
  },
): Adapter

export function credentialsJwt(adapter: { createSession?: (session: any) => any }): {
  encode(params: { token?: { sub?: string | null } | null; maxAge?: number }): Promise<string>
}
