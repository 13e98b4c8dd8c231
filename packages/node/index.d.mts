/** The types of index.mjs and errors.mjs, which say what each does. */

/** The SQLSTATE of an error of any of the clients. */
export function sqlState(error: unknown): string | undefined
/** What an HTTP API answers; undefined for what is no matter of authorization. */
export function httpStatus(error: unknown): 401 | 403 | 500 | 503 | undefined
/** The same error without the token. */
export function cleanError<Failure>(error: Failure, token: string | null | undefined): Failure
