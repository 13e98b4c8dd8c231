/** The types of slonik.mjs, which says what it does. */
import type { SessionOptions, Token } from './session.mjs'

export interface Pool<Connection> {
  transaction<Result>(fn: (connection: Connection) => Promise<Result>, ...others: any[]): Promise<Result>
}

export function withSession<Connection, Result>(
  pool: Pool<Connection>,
  token: Token,
  fn: (connection: Connection) => Promise<Result> | Result,
  options?: SessionOptions,
): Promise<Result>
