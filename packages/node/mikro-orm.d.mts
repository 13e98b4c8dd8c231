/** The types of mikro-orm.mjs, which says what it does. */
import type { SessionOptions, Token } from './session.mjs'

export function withSession<Manager extends { fork(options?: any): any }, Result>(
  em: Manager,
  token: Token,
  fn: (em: Manager) => Promise<Result> | Result,
  options?: SessionOptions,
): Promise<Result>
