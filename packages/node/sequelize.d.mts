/** The types of sequelize.mjs, which says what it does. */
import type { SessionOptions, Token } from './session.mjs'

/** `Transaction` is Sequelize's, for who names it. */
export function withSession<Result, Transaction = any>(
  sequelize: { transaction(...given: any[]): any },
  token: Token,
  fn: (transaction: Transaction) => Promise<Result> | Result,
  options?: SessionOptions,
): Promise<Result>
