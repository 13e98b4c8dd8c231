/** The types of knex.mjs, which says what it does. */
import type { SessionOptions, Token } from './session.mjs'

export interface Database<Transaction> {
  transaction<Result>(fn: (trx: Transaction) => Promise<Result> | void, config?: any): Promise<Result>
}

export function withSession<Transaction, Result>(
  knex: Database<Transaction>,
  token: Token,
  fn: (trx: Transaction) => Promise<Result> | Result,
  options?: SessionOptions,
): Promise<Result>
