/**
 * errors.mjs
 *   What an error of any client says: its SQLSTATE, what an API answers, and no token.
 *
 * Libraries wrap the server's error: the code lies in cause, original, driverError, nativeError and
 * others, several deep. They also keep the statement and its parameters, in the message or beside it,
 * where consoles and reports print them.
 */

/** How far into an error is looked: errors can hold whole clients, and themselves. */
const DEEPEST = 8
const MOST = 2000

const CODES = ['originalCode', 'code', 'sqlState', 'sqlstate', 'dbErrorCode']
const WRAPPED = [
  'cause', 'original', 'originalError', 'parent', 'driverError', 'nativeError', 'driverAdapterError', 'meta', 'previous', 'error',
]

const isObject = (value) => value !== null && (typeof value === 'object' || typeof value === 'function')

/** A property, or undefined where reading it fails. */
function read(object, name) {
  try {
    return object[name]
  } catch {
    return undefined
  }
}

/** P2010 is Prisma's own, EPIPE the operating system's. */
const isSqlState = (code) =>
  typeof code === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(code) && !/^P[1-6]\d{3}$/.test(code)

/** The error and what it wraps, the outer one first. */
function* layers(error) {
  const seen = new Set()
  let level = [error]
  for (let depth = 0; depth < DEEPEST && level.length > 0; depth++) {
    const next = []
    for (const layer of level) {
      if (!isObject(layer) || seen.has(layer) || seen.size >= MOST) continue
      seen.add(layer)
      yield layer
      for (const name of WRAPPED) next.push(read(layer, name))
    }
    level = next
  }
}

/** The layer that has a SQLSTATE, with it. */
function coded(error) {
  for (const layer of layers(error)) {
    for (const name of CODES) {
      const code = read(layer, name)
      if (isSqlState(code)) return { layer, code }
    }
  }
  return { layer: undefined, code: undefined }
}

/** The SQLSTATE of an error of any of the clients; undefined when it has none. */
export function sqlState(error) {
  return coded(error).code
}

const STATUS = { 28000: 401, 42501: 403, 55000: 500, '25P02': 500 }

/**
 * What an HTTP API answers: 401 for 28000 (no valid session), 403 for 42501 (not allowed); 500 for
 * 55000 (the identity cannot change here) and 25P02 (a statement failed before, and that was not
 * noticed), which are faults of the application's; 503 for Prisma's P2028, when no connection was free
 * in time. undefined for everything else, which is no matter of authorization and best thrown on.
 */
export function httpStatus(error) {
  for (const layer of layers(error)) if (read(layer, 'code') === 'P2028') return 503
  // The server has no 28000 of its own but for connections that it turns away: not the user's fault.
  const { layer, code } = coded(error)
  if (read(layer ?? {}, 'severity') === 'FATAL' || read(error ?? {}, 'code') === 'P1010') return undefined
  return STATUS[code]
}

// ---------------------------------------------------------------------------- no token in them

/** As long as the shortest token that opens a session: shorter ones are words of other sentences. */
const SHORTEST = 20
const MASK = '***'

/** A text as it is, as a literal of SQL, and as JSON have it. */
const spellings = (token) =>
  [...new Set([token, token.replaceAll("'", "''"), JSON.stringify(token).slice(1, -1)])].sort((a, b) => b.length - a.length)

function cleanText(text, forms) {
  for (const form of forms) if (text.includes(form)) text = text.replaceAll(form, MASK)
  return text
}

function cleanProperty(object, name, forms) {
  const property = Object.getOwnPropertyDescriptor(object, name)
  if (property === undefined || !('value' in property)) return undefined
  if (typeof property.value !== 'string') return property.value
  const cleaned = cleanText(property.value, forms)
  if (cleaned !== property.value) Object.defineProperty(object, name, { ...property, value: cleaned })
  return undefined
}

/** Everything that is reachable in few steps; sockets and pools are reached by few errors, and bounded. */
function cleanGraph(root, forms) {
  const seen = new Set()
  let level = [root]
  for (let depth = 0; depth < DEEPEST && level.length > 0; depth++) {
    const next = []
    for (const object of level) {
      if (!isObject(object) || seen.has(object) || seen.size >= MOST || ArrayBuffer.isView(object)) continue
      seen.add(object)
      for (const name of Reflect.ownKeys(object)) next.push(cleanProperty(object, name, forms))
    }
    level = next
  }
}

/**
 * The same error without the token: in its message, stack, statement, parameters, and whatever it
 * wraps. Where something of it cannot be changed, another error with its SQLSTATE.
 */
export function cleanError(error, token) {
  if (typeof token !== 'string' || token.length < SHORTEST) return error
  const forms = spellings(token)
  if (typeof error === 'string') return cleanText(error, forms)
  if (!isObject(error)) return error
  try {
    cleanGraph(error, forms)
    return error
  } catch {
    const another = new Error(cleanText(String(read(error, 'message') ?? 'the database refused'), forms))
    return Object.assign(another, { code: sqlState(error) })
  }
}
