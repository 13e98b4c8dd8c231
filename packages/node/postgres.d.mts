/** The types of postgres.mjs, which says what it does. */
import type { SessionOptions, Token } from './session.mjs'

export interface Reserving<Reserved> {
  reserve(): Promise<Reserved>
}

export function withSession<Reserved, Result>(
  sql: Reserving<Reserved>,
  token: Token,
  fn: (sql: Reserved) => Promise<Result> | Result,
  options?: SessionOptions,
): Promise<Result>
