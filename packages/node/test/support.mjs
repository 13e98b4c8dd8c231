/**
 * support.mjs
 *   A database in the cluster that PGHOST names (scripts/with-cluster), and a relay before it that
 *   counts round trips and hears whether a token is bound.
 */
import assert from 'node:assert/strict'
import net from 'node:net'
import { existsSync, readFileSync } from 'node:fs'
import pg from 'pg'

const server = { host: process.env.PGHOST, port: Number(process.env.PGPORT ?? 5432) }

const SCHEMA = `
  CREATE EXTENSION session_auth;
  SELECT session_auth.grant_usage('node_request', 'request');
  CREATE TABLE ledger (id integer PRIMARY KEY, holder text NOT NULL, balance numeric NOT NULL);
  INSERT INTO ledger VALUES (1, 'ada', 100), (2, 'ada', 250), (3, 'uwe', 75);
  GRANT ALL ON ledger TO node_request;
  SELECT session_auth.protect_table('ledger');
  SELECT session_auth.import_permissions('{"ADMIN": ["*:ledger"], "USER": []}');
  SELECT session_auth.grant_role('ada', 'ADMIN'), session_auth.grant_role('uwe', 'USER');
`

/** A token of the right form that nobody has. */
export const MADE_UP = `sat_${'Q'.repeat(43)}`

/** Who asks, and how many rows they see. */
export const WHO = 'SELECT session_auth.user_id() AS who, count(*)::int AS n FROM ledger'

/** What a promise rejects with, which it has to. */
export const failure = (promise) => promise.then(() => assert.fail('it was not refused'), (error) => error)

export async function createDatabase(name) {
  const admin = new pg.Client({ ...server, user: 'postgres', database: 'postgres' })
  await admin.connect()
  await admin.query(`CREATE DATABASE ${name}`)
  await admin.query("DO $$ BEGIN CREATE ROLE node_request LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$")
  await admin.end()
  const owner = new pg.Pool({ ...server, user: 'postgres', database: name, max: 2 })
  await owner.query(SCHEMA)
  return {
    owner,
    /** What clients are given: of the server, or of a relay's port. */
    config: (port) => ({
      ...(port ? { host: '127.0.0.1', port } : server),
      user: 'node_request',
      database: name,
    }),
    async createSession(userId) {
      const { rows } = await owner.query('SELECT token FROM session_auth.create_session($1)', [userId])
      return rows[0].token
    },
    end: () => owner.end(),
  }
}

/**
 * A relay on 127.0.0.1. What the server says waits for a moment, in which a client that does not wait
 * for it has sent all of its own; what a client sends after an answer is the next round trip.
 */
export async function startRelay(milliseconds = 15) {
  const relay = { trips: 0, sent: '' }
  const listener = net.createServer((client) => {
    const upstream = net.connect(`${server.host}/.s.PGSQL.${server.port}`)
    let answered = true
    let waiting = Promise.resolve()
    client.on('data', (data) => {
      if (answered) relay.trips++
      answered = false
      relay.sent += data.toString('latin1')
      upstream.write(data)
    })
    upstream.on('data', (data) => {
      waiting = waiting.then(() => new Promise((resolve) => setTimeout(resolve, milliseconds))).then(() => {
        answered = true
        client.write(data)
      })
    })
    const end = () => [client, upstream].forEach((socket) => socket.destroy())
    client.on('close', end).on('error', end)
    upstream.on('close', end).on('error', end)
  })
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve))
  relay.port = listener.address().port
  relay.reset = () => Object.assign(relay, { trips: 0, sent: '' })
  relay.end = () => listener.close()
  return relay
}

/** Of a package that is installed here or in a folder above. */
export function versionOf(name) {
  for (let above = '../'; above.length < 30; above += '../') {
    const manifest = new URL(`${above}node_modules/${name}/package.json`, import.meta.url)
    if (existsSync(manifest)) return JSON.parse(readFileSync(manifest, 'utf8')).version
  }
  throw new Error(`${name} is not installed`)
}
