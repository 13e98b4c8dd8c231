/** The types that all entries share. */

export type Token = string | null | undefined

export interface SessionOptions {
  /** In which of the user's tenants. */
  tenant?: string
  readOnly?: boolean
  isolationLevel?: 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE'
  /** Run as nobody, instead of rejecting with 28000, when the token is missing or refused. */
  optional?: boolean
}

export type ConnectionOptions = Pick<SessionOptions, 'tenant'>
