// The applications of docs/frameworks.md in Express and Fastify, alive: servers.mjs express|fastify. The
// files of the page lie beside this one.
import { hashPassword } from './passwords.mjs'
import pg from 'pg'
import { asSender, pool, statusOf } from './as_sender.mjs'
import { asAdmin, cookiesOf, end, equal, tampered, userOf, versions } from './tap.mjs'

const framework = process.argv[2]
const { app, store } = await import(`./${framework}_app.mjs`)
versions(framework, framework === 'express' ? 'express-session' : '@fastify/session', 'connect-pg-simple', 'pg')
const server = framework === 'express' ? app.listen(0, '127.0.0.1') : (await app.listen({ port: 0, host: '127.0.0.1' }), app.server)
if (framework === 'express') await new Promise((done) => server.once('listening', done))
const base = `http://127.0.0.1:${server.address().port}`

await asAdmin('UPDATE people SET password = $1', hashPassword('correct horse', 'salt'))

async function logIn(name) {
  const response = await fetch(`${base}/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name, password: 'correct horse' }) })
  equal(response.status, 200, `${name} logs in`)
  return cookiesOf(response)
}

async function page(cookie) {
  const response = await fetch(base, { headers: cookie ? { cookie } : {} })
  return response.status === 200 ? response.json() : response.status
}

const her = await logIn('ada')
const his = await logIn('uwe')
equal(await page(her), ['Savings', 'Travel'], 'her page lists her accounts')
equal(await page(his), ['Rent'], 'his lists his')
equal(await Promise.all([her, his, her, his].map(page)), [['Savings', 'Travel'], ['Rent'], ['Savings', 'Travel'], ['Rent']], 'each lists its own, at the same time')
equal(await page(), 401, 'nobody is asked to log in')
equal(await userOf(her), '1', 'the database finds her in the cookie')
equal(await userOf(tampered(her)), null, 'a cookie with one character replaced is refused')
equal(await page(tampered(her)), 401, 'by the page, too')
const id = await asAdmin("SELECT sid FROM session WHERE sess ->> 'userId' = '1'")
equal(await userOf(`${her.split('=')[0]}=${id}`), null, 'the bare id of the row is refused')
equal((await fetch(`${base}/logout`, { method: 'POST', headers: { cookie: her } })).status, 200, 'she logs out')
equal(await userOf(her), null, 'the database refuses her cookie then')
equal(await page(her), 401, 'the page, too')
equal(await page(his), ['Rent'], 'and his goes on')

// What a refusal arrives as, and what the framework answers to it.
const errorOf = (cookie, statement) => asSender({ headers: { cookie } }, (client) => client.query(statement)).then(
  () => 'none', (error) => [error.constructor.name, error instanceof pg.DatabaseError, error.code, statusOf(error)])
const lacking = "SELECT session_auth.require_permission('delete', 'accounts')"
equal(await errorOf(`${his}x`, 'SELECT 1'), ['DatabaseError', true, '28000', 401], "a refused cookie arrives as node-postgres's DatabaseError")
equal(await errorOf(his, lacking), ['DatabaseError', true, '42501', 403], 'so does a permission that is lacking')
await asAdmin('REVOKE SELECT ON accounts FROM app')
equal(await page(his), 403, 'which the framework answers with 403')
await asAdmin('GRANT SELECT ON accounts TO app')
equal(await page(his), ['Rent'], 'and the next request is served on the same connection')

store.close()
await (framework === 'express' ? new Promise((done) => server.close(done)) : app.close())
await pool.end()
await end()
