/**
 * connection.test.mjs
 *   withConnection of node-postgres: an identity that lasts as long as its connection, and none where the
 *   connection is shared. test/pooling/poolers.t tries it behind PgBouncer 1.26.
 */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { inspect } from 'node:util'
import pg from 'pg'
import { httpStatus, sqlState } from 'session-auth'
import { withConnection } from 'session-auth/pg'
import { MADE_UP, WHO, createDatabase, failure } from './support.mjs'

const manifest = createRequire(import.meta.url).resolve('session-auth/package.json')
const { refuseSharedConnection } = await import(new URL('session.mjs', `file://${manifest}`))
const who = async (client) => (await client.query(WHO)).rows[0]

let db, ada
before(async () => {
  db = await createDatabase('node_connection')
  ada = await db.createSession('ada')
})
after(() => db?.end())

test('what PgBouncer reports decides, and what says nothing is trusted', () => {
  for (const poolMode of [undefined, 'session']) refuseSharedConnection(poolMode)
  for (const poolMode of ['transaction', 'statement', '', 'a mode of later']) {
    assert.throws(() => refuseSharedConnection(poolMode), (error) => {
      assert.match(error.message, /scope connection is refused/)
      return sqlState(error) === '55000' && httpStatus(error) === 500
    })
  }
})

test('the identity lasts over transactions, and ends with the connection', async () => {
  const client = new pg.Client(db.config())
  const answers = await withConnection(client, ada, async (connection) => {
    assert.equal(connection, client)
    return [await who(client), await who(client)]
  })
  assert.deepEqual(answers, Array(2).fill({ who: 'ada', n: 3 }))
  await assert.rejects(client.query(WHO))
})

test('a token that is missing or refused is 28000, and fn is not called', async () => {
  for (const token of [MADE_UP, null, undefined, 'a\0b']) {
    let called = false
    const error = await failure(withConnection(new pg.Client(db.config()), token, () => (called = true)))
    assert.deepEqual([sqlState(error), httpStatus(error), called], ['28000', 401, false])
    assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes(MADE_UP))
  }
})

test('what fn throws arrives; after its session has ended, statements run as nobody', async () => {
  const planned = new Error('planned')
  assert.equal(await failure(withConnection(new pg.Client(db.config()), ada, async () => { throw planned })), planned)
  const token = await db.createSession('ada')
  const ended = withConnection(new pg.Client(db.config()), token, async (client) => {
    await db.owner.query('SELECT session_auth.expire_session($1)', [token])
    return who(client)
  })
  assert.deepEqual(await ended.catch(sqlState), { who: null, n: 0 })
})

test('a connection that is lost rejects, and does not end the process', async () => {
  const error = await failure(
    withConnection(new pg.Client(db.config()), ada, async (client) => {
      const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
      await db.owner.query('SELECT pg_terminate_backend($1, 5000)', [rows[0].pid])
      return who(client)
    }),
  )
  assert.equal(httpStatus(error), undefined)
})

test('a pool, and a client that is connected already, are refused, and stay as they are', async () => {
  const pool = new pg.Pool({ ...db.config(), max: 1 })
  await assert.rejects(withConnection(pool, ada, who), TypeError)
  assert.deepEqual(await who(pool), { who: null, n: 0 })
  const client = await pool.connect()
  await assert.rejects(withConnection(client, ada, who), /already been connected/)
  assert.deepEqual(await who(client), { who: null, n: 0 })
  client.release()
  await pool.end()
})
