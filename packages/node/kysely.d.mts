/** The types of kysely.mjs, which says what it does. */
import type { SessionOptions, Token } from './session.mjs'

export interface Database<Transaction> {
  transaction(): { execute<Result>(fn: (trx: Transaction) => Promise<Result>): Promise<Result> }
}

export function withSession<Transaction, Result>(
  db: Database<Transaction>,
  token: Token,
  fn: (trx: Transaction) => Promise<Result> | Result,
  options?: SessionOptions,
): Promise<Result>
