// PostGraphile 5 and 4 as docs/servers.md has them, served and asked: whose rows come, what a refusal is, and how
// often a request waits for the database.
import http from 'node:http'
import { mkdtempSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { asAdmin, equal, end, versions } from './tap.mjs'

const { ADA, UWE } = process.env
const logged = []
console.error = (...values) => logged.push(values.map(String).join(' '))
versions('postgraphile', 'pg')

// ---------------------------------------------------------------- round trips

/** Stands before the server: what a client sends after an answer is the next round trip, whichever connection sends it. */
function relay () {
  const socket = `/.s.PGSQL.${process.env.PGPORT}`
  const host = mkdtempSync(path.join(tmpdir(), 'relay'))
  const counted = { host, trips: 0, close: () => server.close() }
  let answered = true
  const server = net.createServer((client) => {
    const database = net.connect(process.env.PGHOST + socket)
    client.on('data', (data) => {
      if (answered) counted.trips++
      answered = false
      database.write(data)
    })
    // a moment, in which a client that does not wait has sent all of its own
    database.on('data', (data) => setTimeout(() => { answered = true; client.write(data) }, 50))
    for (const [one, other] of [[client, database], [database, client]]) {
      one.on('close', () => other.destroy()).on('error', () => {})
    }
  }).listen(host + socket)
  server.unref()
  return counted
}

// ------------------------------------------------------------------- servers

const counted = relay()
const poolOf = (more) => new pg.Pool({ host: counted.host, max: 3, ...more })

async function listen (server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${server.address().port}/graphql`
}

async function ask (url, query, token) {
  const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) })
  return response.json()
}

const NAMES = '{ allAccounts(orderBy: PRIMARY_KEY_ASC) { nodes { name } } }'
const BOTH = '{ allAccounts { nodes { name } } allPayments { nodes { id } } }'
const names = async (url, token) => (await ask(url, NAMES, token)).data?.allAccounts.nodes.map((node) => node.name)
const tripsOf = async (work) => {
  await work()
  const before = counted.trips
  await work()
  return counted.trips - before
}

async function tryServer (name, url, pool, { key, codeOf, trips }) {
  equal(await names(url, ADA), ['Savings', 'Travel'], `${name}: her accounts`)
  equal(await names(url, UWE), ['Rent'], 'his')
  equal([await names(url), await names(url, 'sat_' + 'A'.repeat(43))], [[], []], "nobody's, and those of who is refused")
  const { rows } = await pool.query('SELECT session_auth.user_id()')
  equal(rows[0].user_id, null, 'nobody afterwards')
  const both = (await ask(url, BOTH, ADA)).data
  equal([both.allAccounts.nodes.length, both.allPayments.nodes.length], [2, 1], 'two root fields')
  equal(await tripsOf(() => ask(url, BOTH, ADA)), trips, `in ${trips} round trips`)
  const many = await Promise.all(Array.from({ length: 40 }, (_, i) => names(url, i % 2 ? ADA : UWE)))
  equal(many.every((came, i) => came.join() === (i % 2 ? 'Savings,Travel' : 'Rent')), true, 'of 40 requests at once each has theirs')

  const create = (holder) => `mutation { createAccount(input: { account: { ${key}: 9, name: "New", holderId: ${holder} } }) { account { name } } }`
  equal((await ask(url, create(1), ADA)).data.createAccount.account.name, 'New', 'she writes')
  equal(await names(url, ADA), ['Savings', 'Travel', 'New'], 'and it is committed')
  equal(codeOf((await ask(url, create(1))).errors), 'FORBIDDEN', 'nobody does not')
  const close = 'mutation { closeBank(input: {}) { clientMutationId } }'
  equal([codeOf((await ask(url, close, ADA)).errors), codeOf((await ask(url, close)).errors)], ['FORBIDDEN', 'UNAUTHENTICATED'], '42501 and 28000 are told from each other')
  const { errors } = await ask(url, 'mutation { broken(input: {}) { clientMutationId } }', ADA)
  equal([errors.length, codeOf(errors)], [1, null], 'and from other errors')
  equal(logged.join().includes(ADA) || JSON.stringify(errors).includes(ADA), false, 'no token is in an error')
  equal(await names(url, UWE), ['Rent'], 'his are his after all that')
  await asAdmin("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'app'")
  let came
  for (let tries = 0; tries < 100 && came?.join() !== 'Rent'; tries++) came = await names(url, UWE).catch(() => undefined)
  equal(came, ['Rent'], 'and once all connections were lost')
}

async function five () {
  const { grafserv } = await import('postgraphile/grafserv/node')
  const { makePgService } = await import('postgraphile/adaptors/pg')
  const { PostGraphileAmberPreset } = await import('postgraphile/presets/amber')
  const { postgraphile } = await import('postgraphile')
  const { preset } = await import('./postgraphile5.mjs')

  const serve = async (pool, preset, work) => {
    const instance = postgraphile(preset)
    const server = http.createServer()
    await instance.createServ(grafserv).addTo(server)
    await work(await listen(server))
    server.close()
    await instance.release()
    await pool.end()
  }
  for (const max of [3, 1]) {
    const pool = poolOf({ max })
    const pgServices = [makePgService({ pool, schemas: ['public'], pubsub: false, pgSettings: () => ({ 'some.setting': 'of its own' }) })]
    await serve(pool, { extends: [PostGraphileAmberPreset], pgServices }, async (url) => {
      const trips = await tripsOf(() => ask(url, BOTH))
      if (max === 1) equal(trips, 8, 'PostGraphile 5 as it comes, with settings: eight round trips for two root fields')
      else equal(trips < 8, true, `fewer in a row where there are several connections: ${trips}`)
    })
  }
  const pool = poolOf({ pipeline: true })
  const codeOf = (errors) => errors[0].extensions?.code ?? null
  await serve(pool, preset(pool), (url) => tryServer('PostGraphile 5', url, pool, { key: 'rowId', codeOf, trips: 1 }))
}

async function four () {
  const { handler } = await import('./postgraphile4.cjs')
  const pool = poolOf()
  const codes = { 28000: 'UNAUTHENTICATED', 42501: 'FORBIDDEN' }
  const codeOf = (errors) => codes[errors[0].errcode] ?? null
  const server = http.createServer(handler(pool))
  await tryServer('PostGraphile 4', await listen(server), pool, { key: 'id', codeOf, trips: 5 })
  server.close()
  await pool.end()
}

await { 5: five, 4: four }[process.argv[2]]()
counted.close()
await end()
process.exit(0)
