/**
 * postgres.test.mjs
 *   Postgres.js with `fetch_types: false`, whose reserve() waits for ever on a connection that is not open yet: what
 *   is in its place does what clients.test.mjs asks of the rest.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import postgres from 'postgres'
import { sqlState } from 'session-auth'
import { withSession } from 'session-auth/postgres'
import { MADE_UP, WHO, createDatabase, failure } from './support.mjs'

let db, ada, sql
before(async () => {
  db = await createDatabase('node_postgres')
  ada = await db.createSession('ada')
  sql = postgres({ ...db.config(), max: 2, fetch_types: false, onnotice: () => {} })
})
after(async () => {
  await sql?.end()
  await db?.end()
})

test('the rows are those of the user, on connections that are opened for it, and afterwards of nobody', async () => {
  const results = await Promise.all(Array.from({ length: 6 }, () => withSession(sql, ada, (tx) => tx.unsafe(WHO))))
  for (const result of results) assert.deepEqual([result.count, { ...result[0] }], [1, { who: 'ada', n: 3 }])
  for (let i = 0; i < 4; i++) assert.deepEqual({ ...(await sql.unsafe(WHO))[0] }, { who: null, n: 0 })
})

test('readOnly and isolationLevel', async () => {
  const [{ level }] = await withSession(
    sql,
    ada,
    (tx) => tx`SELECT current_setting('transaction_isolation') || ' ' || current_setting('transaction_read_only') AS level`,
    { readOnly: true, isolationLevel: 'REPEATABLE READ' },
  )
  assert.equal(level, 'repeatable read on')
})

test('what is refused, and an error that fn swallows', async () => {
  assert.equal(sqlState(await failure(withSession(sql, MADE_UP, () => assert.fail('called')))), '28000')
  assert.equal(sqlState(await failure(withSession(sql, ada, (tx) => tx`SELECT 1/0`.catch(() => {})))), '22012')
})
