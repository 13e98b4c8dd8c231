import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { httpStatus, sqlState, withSession } from '../session-auth.mjs'
import { createDatabase } from './support.mjs'

const LEDGER = 'SELECT id FROM ledger ORDER BY id'

let db, ada, uwe

before(async () => {
  db = await createDatabase('node_postgres')
  ada = await db.createSession('ada')
  uwe = await db.createSession('uwe')
})
after(() => db?.end())

/** A pool of one connection that counts its round trips: each is answered with one ReadyForQuery. */
function countingPool(options) {
  const pool = db.pool(db.request, { max: 1, ...options })
  pool.trips = 0
  pool.on('connect', (client) => client.connection.on('readyForQuery', () => pool.trips++))
  return pool
}

describe('withSession', () => {
  test('the same query answers by who asks', async () => {
    const pool = db.pool(db.request)
    const ids = (token) => withSession(pool, token, async (client) => (await client.query(LEDGER)).rows.map((r) => r.id))
    assert.deepEqual(await ids(ada), [1, 2, 3])
    assert.deepEqual(await ids(uwe), [])
    assert.deepEqual((await pool.query(LEDGER)).rows, [])
  })

  test('returns what fn returns', async () => {
    assert.equal(await withSession(db.pool(db.request), ada, () => 42), 42)
  })

  test('begins and authenticates in one round trip, and commits in one', async () => {
    const pool = countingPool()
    await pool.query('SELECT 1')
    const begun = pool.trips
    await withSession(pool, ada, async () => assert.equal(pool.trips, begun + 1))
    assert.equal(pool.trips, begun + 2)
  })

  test('works on a pool in pipeline mode', async () => {
    const pool = db.pool(db.request, { pipeline: true })
    const counts = await withSession(pool, ada, async (client) => {
      const results = await Promise.all([client.query(LEDGER), client.query(LEDGER)])
      return results.map((r) => r.rowCount)
    })
    assert.deepEqual(counts, [3, 3])
    await assert.rejects(withSession(pool, 'no such token', assert.fail), { code: '28000' })
    assert.deepEqual((await pool.query(LEDGER)).rows, [])
  })

  test('the identity is gone with the transaction, on the same connection', async () => {
    const pool = db.pool(db.request, { max: 1 })
    const pid = await withSession(pool, ada, async (client) => (await client.query('SELECT pg_backend_pid() pid')).rows[0].pid)
    const { rows } = await pool.query('SELECT pg_backend_pid() pid, session_auth.is_authenticated() who')
    assert.deepEqual(rows, [{ pid, who: false }])
  })

  for (const [what, token] of [
    ['unknown', 'f3c1d5a0-1c1e-4b7e-9a55-0a9f3f5f9d11'],
    ['empty', ''],
    ['missing', undefined],
    ['not a string', { toString: () => 'x' }],
    ['one with a zero byte', 'a\0b'],
    ['SQL', "'); SELECT 1; --"],
  ]) {
    test(`a token that is ${what}: 28000, fn is not called, the connection is kept`, async () => {
      const pool = db.pool(db.request, { max: 1 })
      const failure = await withSession(pool, token, () => assert.fail('fn ran')).catch((error) => error)
      assert.equal(failure.message, 'invalid or expired session token')
      assert.equal(httpStatus(failure), 401)
      assert.equal(pool.idleCount, 1)
      assert.equal((await pool.query('SELECT pg_current_xact_id_if_assigned() x')).rows[0].x, null)
    })
  }

  test('optional: without a good token fn runs as nobody, and its transaction is whole', async () => {
    for (const options of [{}, { pipeline: true }]) {
      const pool = db.pool(db.request, { max: 1, ...options })
      for (const token of [undefined, 'f3c1d5a0-1c1e-4b7e-9a55-0a9f3f5f9d11', 'a\0b']) {
        const seen = await withSession(
          pool,
          token,
          async (client) => {
            const { rows } = await client.query('SELECT session_auth.is_authenticated() known, session_auth.user_id() who')
            return [rows[0], (await client.query(LEDGER)).rowCount]
          },
          { optional: true },
        )
        assert.deepEqual(seen, [{ known: false, who: null }, 0])
      }
      const ids = await withSession(pool, ada, async (client) => (await client.query(LEDGER)).rowCount, { optional: true })
      assert.equal(ids, 3)
    }
  })

  test('optional: nobody is allowed nothing, which is 401, and only true is true', async () => {
    const asNobody = (optional) =>
      withSession(db.pool(db.request), null, (client) => client.query("SELECT session_auth.require_permission('view', 'ledger')"), { optional })
    for (const optional of [true, false, 'true', 1, undefined]) {
      await assert.rejects(asNobody(optional), (error) => httpStatus(error) === 401)
    }
    for (const optional of [false, 'true', 1, undefined]) {
      await assert.rejects(withSession(db.pool(db.request), null, assert.fail, { optional }), { code: '28000' })
    }
  })

  test('an error of fn rolls back and comes through', async () => {
    const pool = db.pool(db.request, { max: 1 })
    const failure = new Error('of the application')
    await assert.rejects(
      withSession(pool, ada, async (client) => {
        await client.query("INSERT INTO ledger VALUES (10, 'Zoe', 1)")
        throw failure
      }),
      failure,
    )
    const { rows } = await db.owner.query('SELECT FROM ledger WHERE id = 10')
    assert.equal(rows.length, 0)
    assert.equal(pool.idleCount, 1)
  })

  test('fn commits what it writes', async () => {
    await withSession(db.pool(db.request), ada, (client) => client.query("INSERT INTO ledger VALUES (11, 'Zoe', 1)"))
    const { rowCount } = await db.owner.query('DELETE FROM ledger WHERE id = 11')
    assert.equal(rowCount, 1)
  })

  test('a swallowed error is no success: the transaction was rolled back', async () => {
    const pool = db.pool(db.request, { max: 1 })
    await assert.rejects(
      withSession(pool, ada, (client) => client.query('SELECT 1/0').catch(() => 'never mind')),
      /rolled back/,
    )
    assert.equal(pool.idleCount, 1)
  })

  test('a broken connection leaves the pool', async () => {
    const pool = db.pool(db.request, { max: 1 })
    await assert.rejects(
      withSession(pool, ada, async (client) => {
        const { rows } = await client.query('SELECT pg_backend_pid() pid')
        await db.owner.query('SELECT pg_terminate_backend($1)', [rows[0].pid])
        await client.query('SELECT pg_sleep(5)')
      }),
    )
    assert.equal(pool.totalCount, 0)
    assert.equal(await withSession(pool, ada, () => 'again'), 'again')
  })

  test('writing without the permission is 42501, which is 403', async () => {
    const failure = await withSession(db.pool(db.request), uwe, (client) =>
      client.query("INSERT INTO ledger VALUES (12, 'Uwe', 1000000)"),
    ).catch((error) => error)
    assert.equal(sqlState(failure), '42501')
    assert.equal(httpStatus(failure), 403)
  })

  test('readOnly and isolationLevel are the transaction\'s', async () => {
    const shown = await withSession(
      db.pool(db.request),
      ada,
      async (client) =>
        (await client.query("SELECT current_setting('transaction_read_only') ro, current_setting('transaction_isolation') level")).rows[0],
      { readOnly: true, isolationLevel: 'REPEATABLE READ' },
    )
    assert.deepEqual(shown, { ro: 'on', level: 'repeatable read' })
    await assert.rejects(withSession(db.pool(db.request), ada, assert.fail, { isolationLevel: 'X; DROP' }), TypeError)
  })

  test('tenant: its roles hold there alone', async () => {
    await db.owner.query("SELECT session_auth.grant_role('uwe', 'ADMIN', 'acme')")
    const count = (tenant) =>
      withSession(db.pool(db.request), uwe, async (client) => (await client.query(LEDGER)).rowCount, { tenant })
    assert.equal(await count('acme'), 3)
    assert.equal(await count('other'), 0)
    assert.equal(await count(), 0)
  })

  test('200 requests of two users over 4 connections never mix', async () => {
    const pool = db.pool(db.request, { max: 4 })
    const requests = Array.from({ length: 200 }, (_, i) => {
      const [token, user, rows] = i % 2 ? [ada, 'ada', 3] : [uwe, 'uwe', 0]
      return withSession(pool, token, async (client) => {
        const who = await client.query('SELECT session_auth.user_id() who')
        const seen = await client.query({ name: 'ledger', text: LEDGER })
        assert.deepEqual([who.rows[0].who, seen.rowCount], [user, rows])
        if (i % 5 === 0) throw new Error('planned')
      }).catch((error) => assert.equal(error.message, 'planned'))
    })
    await Promise.all(requests)
  })

  test('the token is in no statement that the server sees as text', async () => {
    const pool = db.pool(db.request, { max: 1 })
    await withSession(pool, ada, async (client) => {
      const { rows } = await client.query('SELECT pg_backend_pid() pid')
      const activity = await db.owner.query('SELECT query FROM pg_stat_activity WHERE pid = $1', [rows[0].pid])
      assert.ok(!activity.rows[0].query.includes(ada))
    })
  })
})

describe('httpStatus', () => {
  test('a connection that the server turns away is not the user\'s 401', () => {
    assert.equal(httpStatus({ code: '28000', severity: 'FATAL' }), undefined)
  })

  test('everything else has none', () => {
    for (const error of [undefined, null, new Error('x'), { code: 'P2002' }, { code: 'ECONNREFUSED' }, { code: '23505' }]) {
      assert.equal(httpStatus(error), undefined)
    }
  })
})
