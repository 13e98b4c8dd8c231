/** The types of pg.mjs, which says what it does. */
import type { ConnectionOptions, SessionOptions, Token } from './session.mjs'

/** What a pool's connect() gives: node-postgres has it with a callback, too. */
export type ClientOf<Pool> = Pool extends {
  connect: { (): Promise<infer Client>; (callback: any): void }
}
  ? Client
  : any

export function withSession<Pool extends { connect(): any }, Result>(
  pool: Pool,
  token: Token,
  fn: (client: ClientOf<Pool>) => Promise<Result> | Result,
  options?: SessionOptions,
): Promise<Result>

/** A connection of its own, whose identity lasts from one transaction to the next. */
export function withConnection<Client extends { connect(): any; end(): any }, Result>(
  client: Client,
  token: Token,
  fn: (client: Client) => Promise<Result> | Result,
  options?: ConnectionOptions,
): Promise<Result>
