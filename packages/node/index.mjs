/**
 * index.mjs
 *   What does not depend on a client; each client has an entry of its own.
 */
export { cleanError, httpStatus, sqlState } from './errors.mjs'
