/** The types of drizzle.mjs, which says what it does. */
import type { SessionOptions, Token } from './session.mjs'

export interface Database<Transaction> {
  transaction<Result>(fn: (tx: Transaction) => Promise<Result>, config?: any): Promise<Result>
}

export function withSession<Transaction, Result>(
  db: Database<Transaction>,
  token: Token,
  fn: (tx: Transaction) => Promise<Result> | Result,
  options?: SessionOptions,
): Promise<Result>
