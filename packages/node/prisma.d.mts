/** The types of prisma.mjs, which says what it does. */
import type { SessionOptions, Token } from './session.mjs'

export type TokenSource = Token | (() => Token | Promise<Token>)

export interface RequestOptions extends SessionOptions {
  /** How long to wait for a connection, in milliseconds; 10000 by default. */
  maxWait?: number
  /** How long the transaction may take, in milliseconds; 15000 by default. */
  timeout?: number
}

/** The client of an interactive transaction. */
export type InTransaction<Client> = Omit<
  Client,
  '$connect' | '$disconnect' | '$on' | '$transaction' | '$use' | '$extends'
>

export function sessionAuthExtension(
  token: TokenSource,
  options?: { tenant?: string; optional?: boolean },
): (client: any) => any

export function withPrismaSession<Client extends { $extends: any }, Result>(
  prisma: Client,
  token: TokenSource,
  options: RequestOptions & { request: (tx: InTransaction<Client>) => Promise<Result> | Result },
): Promise<Result>
export function withPrismaSession<Client extends { $extends: any }>(
  prisma: Client,
  token: TokenSource,
  options?: { tenant?: string; optional?: boolean },
): Client

export function withSession<Client extends { $transaction: any }, Result>(
  prisma: Client,
  token: TokenSource,
  fn: (tx: InTransaction<Client>) => Promise<Result> | Result,
  options?: RequestOptions,
): Promise<Result>
