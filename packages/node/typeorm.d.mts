/** The types of typeorm.mjs, which says what it does. */
import type { SessionOptions, Token } from './session.mjs'

export interface Source<Manager> {
  readonly manager: Manager
}

export function withSession<Manager, Result>(
  dataSource: Source<Manager>,
  token: Token,
  fn: (manager: Manager) => Promise<Result> | Result,
  options?: SessionOptions,
): Promise<Result>
