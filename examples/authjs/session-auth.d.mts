/** The types of session-auth.mjs, which says what each does. */

type Token = string | null | undefined

interface Queryable {
  query(text: string, values?: unknown[]): Promise<{ rows: any[] }>
}

interface Pool<Client> {
  connect(): Promise<Client>
}

interface Session {
  sessionToken: string
  userId: string
  expires: Date
}

export function sqlState(error: unknown): string | undefined
export function httpStatus(error: unknown): 401 | 403 | 500 | 503 | undefined
export function cleanError<Failure>(error: Failure, token: Token): Failure

export function withSession<Client, Result>(
  pool: Pool<Client>,
  token: Token,
  fn: (client: Client) => Promise<Result> | Result,
  options?: {
    tenant?: string
    readOnly?: boolean
    isolationLevel?: 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE'
    optional?: boolean
  },
): Promise<Result>

export function withConnection<Client extends { connect(): any; end(): any }, Result>(
  client: Client,
  token: Token,
  fn: (client: Client) => Promise<Result> | Result,
  options?: { tenant?: string },
): Promise<Result>

type TokenSource = Token | (() => Token | Promise<Token>)

export function sessionAuthExtension(
  token: TokenSource,
  options?: { tenant?: string; optional?: boolean },
): (client: any) => any

export function withPrismaSession<Client extends { $extends: any }, Result>(
  prisma: Client,
  token: TokenSource,
  options: {
    request: (
      tx: Omit<Client, '$connect' | '$disconnect' | '$on' | '$transaction' | '$use' | '$extends'>,
    ) => Promise<Result> | Result
    maxWait?: number
    timeout?: number
    tenant?: string
    readOnly?: boolean
    isolationLevel?: 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE'
    optional?: boolean
  },
): Promise<Result>
export function withPrismaSession<Client extends { $extends: any }>(
  prisma: Client,
  token: TokenSource,
  options?: { tenant?: string; optional?: boolean },
): Client

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
