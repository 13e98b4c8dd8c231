// What these tests share: TAP lines, and the database's own word.
import { readFileSync } from 'node:fs'
import pg from 'pg'

const admin = new pg.Pool({ user: process.env.ADMIN, max: 1 })
let seen = 0

export function equal(got, wanted, name) {
  const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)]
  console.log(`${a === b ? 'ok' : 'not ok'} ${++seen} - ${name}`)
  if (a !== b) console.log(`# got ${a}, wanted ${b}`)
}

/** The first column of the first row. */
export async function asAdmin(statement, ...values) {
  const { rows } = await admin.query({ text: statement, values, rowMode: 'array' })
  return rows[0]?.[0]
}

/** Whom the database finds in a Cookie header, or null where it refuses it. */
export const userOf = (cookie) => asAdmin("SELECT user_id FROM session_auth.authenticate_request($1, NULL, on_refused => 'nobody')", cookie)

/** One character in the middle of a cookie's value replaced. */
export function tampered(cookie) {
  const start = cookie.indexOf('=') + 1
  const at = start + Math.floor((cookie.length - start) / 2)
  return cookie.slice(0, at) + (cookie[at] === 'A' ? 'B' : 'A') + cookie.slice(at + 1)
}

/** What a browser would send after a response, and after those before it. */
export function cookiesOf(response, before = '') {
  const jar = new Map(before.split('; ').filter(Boolean).map((cookie) => cookie.split(/=(.*)/s)))
  for (const [cookie, ...attributes] of response.headers.getSetCookie().map((line) => line.split('; '))) {
    const [name, value] = cookie.split(/=(.*)/s)
    if (attributes.some((attribute) => /^max-age=0$/i.test(attribute))) jar.delete(name)
    else jar.set(name, value)
  }
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
}

export function versions(...packages) {
  const said = packages.map((name) => `${name} ${JSON.parse(readFileSync(new URL(`./node_modules/${name}/package.json`, import.meta.url))).version}`)
  console.log(`# with ${said.join(', ')}, Node.js ${process.version}`)
}

export const end = () => admin.end()
