/**
 * join.mjs
 *   Puts the entries for node-postgres, Prisma and Auth.js into one file that imports nothing:
 *   examples/authjs/session-auth.mjs, for who copies a file instead of installing a package.
 *   `node join.mjs` writes it; with --check it says whether it is as it would be written.
 */
import { readFileSync, writeFileSync } from 'node:fs'

const HEAD = `/**
 * session-auth.mjs
 *   Ties node-postgres, Prisma and Auth.js to the PostgreSQL extension session_auth.
 *
 * Copy this one file into an application: it imports nothing. It is made of packages/node by its
 * join.mjs, which also has entries for other clients.
 *
 * Invariants: a token is always a bind parameter, never a part of the SQL text; nothing runs under an
 * identity that was not verified in the same transaction; and no identity outlives that transaction,
 * so connections can be shared, by a pool here and by a pooler in between. withConnection alone keeps one, for
 * as long as it has the connection for itself, and closes that.
 */
`
const PARTS = { errors: 'errors', session: 'what all clients share', pg: 'node-postgres', prisma: 'Prisma', authjs: 'Auth.js' }
// What only other files of the package import.
const INNER = /^export ((?:async )?function (?:bindable|checkIsolationLevel|beginStatement|authenticateStatement|refuseSharedConnection|withoutToken|unnoticed)\b)/gm

function part(name) {
  const text = readFileSync(new URL(`${name}.mjs`, import.meta.url), 'utf8')
  return text
    .replace(/^\/\*\*\n.*?\*\/\n/s, '')
    .replace(/^import .*\n/gm, '')
    .replace(/^export \{.*\n/gm, '')
    .replace(INNER, '$1')
    .trim()
}

export function joined() {
  const parts = Object.entries(PARTS).map(
    ([name, title]) => `// ---------------------------------------------------------------------------- ${title}\n\n${part(name)}\n`,
  )
  return [HEAD, ...parts].join('\n')
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const file = new URL('../../examples/authjs/session-auth.mjs', import.meta.url)
  if (process.argv[2] !== '--check') writeFileSync(file, joined())
  else if (readFileSync(file, 'utf8') !== joined()) throw new Error('examples/authjs/session-auth.mjs is not what join.mjs writes')
}
