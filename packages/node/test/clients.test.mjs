/**
 * clients.test.mjs
 *   Every entry of the package with its real library and a real server. What is seen is the table of
 *   docs/drivers.md: SESSION_AUTH_DOCS names that file, and UPDATE=1 writes it anew.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { inspect } from 'node:util'
import { httpStatus, sqlState } from 'session-auth'
import { clients } from './clients.mjs'
import { MADE_UP, createDatabase, failure, startRelay, versionOf } from './support.mjs'

const COUNT = 'SELECT count(*)::int AS n, session_auth.user_id() AS who FROM ledger'

let db, ada, uwe
const seen = new Map()

before(async () => {
  db = await createDatabase('node_clients')
  ada = await db.createSession('ada')
  uwe = await db.createSession('uwe')
})
after(async () => {
  await db?.end()
})

/** Everything that a console, a report or an API could show of an error. */
const shown = (error) => {
  const walk = JSON.stringify(error, (key, value) => (typeof value === 'bigint' ? String(value) : value)) ?? ''
  return [String(error), error.stack, walk, inspect(error, { depth: 12, showHidden: true })].join('\n')
}

/** Where the code lies: the shortest path of names that leads to it. */
function pathTo(error, code) {
  let level = [[error, 'error']]
  const met = new Set()
  for (let depth = 0; depth < 5; depth++) {
    const next = []
    for (const [object, path] of level) {
      if (object === null || typeof object !== 'object' || met.has(object)) continue
      met.add(object)
      for (const name of Reflect.ownKeys(object)) {
        const value = Object.getOwnPropertyDescriptor(object, name).value
        if (value === code) return `${path}.${String(name)}`
        next.push([value, `${path}.${String(name)}`])
      }
    }
    level = next
  }
  return 'none'
}

for (const client of clients) {
  const { name, entry, open, ask, outside, close } = client
  const { withSession } = entry

  describe(name, () => {
    let handle, door
    before(async () => {
      door = client.withoutSockets ? await startRelay(0) : undefined
      handle = await open(db.config(door?.port), 2)
    })
    after(async () => {
      await close(handle)
      door?.end()
    })

    const count = async (inner) => (await ask(inner, COUNT))[0]

    test('the rows are those of the user, and afterwards of nobody', async () => {
      assert.deepEqual({ ...(await withSession(handle, ada, count)) }, { n: 3, who: 'ada' })
      assert.deepEqual({ ...(await withSession(handle, uwe, count)) }, { n: 0, who: 'uwe' })
      for (let i = 0; i < 4; i++) assert.deepEqual({ ...(await outside(handle, COUNT))[0] }, { n: 0, who: null })
    })

    test('a token that is missing or refused is 28000 and 401, and fn is not called', async () => {
      for (const token of [MADE_UP, null, undefined, '', 'a\0b']) {
        let called = false
        const error = await failure(withSession(handle, token, () => (called = true)))
        assert.deepEqual([sqlState(error), httpStatus(error), called], ['28000', 401, false])
        assert.ok(!shown(error).includes(MADE_UP), 'the error holds the token')
      }
    })

    test('with optional it runs as nobody', async () => {
      assert.deepEqual({ ...(await withSession(handle, MADE_UP, count, { optional: true })) }, { n: 0, who: null })
      assert.deepEqual({ ...(await withSession(handle, ada, count, { optional: true })) }, { n: 3, who: 'ada' })
    })

    test('what is not allowed is 403, another error none, and no error holds the token', async () => {
      const refused = await failure(
        withSession(handle, ada, (inner) => ask(inner, "SELECT session_auth.require_permission('view', 'papers')")),
      )
      assert.deepEqual([sqlState(refused), httpStatus(refused)], ['42501', 403])
      const failed = await failure(withSession(handle, ada, (inner) => client.fail(inner, ada)))
      assert.deepEqual([sqlState(failed), httpStatus(failed)], ['22012', undefined])
      assert.ok(!shown(failed).includes(ada), 'the error holds the token')
      seen.set(name, { sqlState: pathTo(failed, '22012') })
    })

    test('what fn throws arrives, and everything is rolled back', async () => {
      const planned = new Error('planned')
      const error = await failure(
        withSession(handle, ada, async (inner) => {
          await ask(inner, "INSERT INTO ledger VALUES (4, 'ada', 1) RETURNING id")
          throw planned
        }),
      )
      assert.equal(error, planned)
      assert.equal((await withSession(handle, ada, count)).n, 3)
    })

    test('what is written is kept', async () => {
      await withSession(handle, ada, (inner) => ask(inner, "INSERT INTO ledger VALUES (5, 'ada', 1) RETURNING id"))
      assert.equal((await withSession(handle, ada, count)).n, 4)
      await withSession(handle, ada, (inner) => ask(inner, 'DELETE FROM ledger WHERE id = 5 RETURNING id'))
    })

    test('readOnly and isolationLevel', async () => {
      const [row] = await withSession(
        handle,
        ada,
        (inner) => ask(inner, "SELECT current_setting('transaction_read_only') AS r, current_setting('transaction_isolation') AS i"),
        { readOnly: true, isolationLevel: 'SERIALIZABLE' },
      )
      assert.deepEqual({ ...row }, { r: 'on', i: 'serializable' })
      await assert.rejects(withSession(handle, ada, count, { isolationLevel: 'bogus; DROP' }), TypeError)
    })

    // What a client says when its COMMIT was a ROLLBACK, of the version that package.json names.
    test('an error that fn swallows rolls everything back, and rejects where the client notices', async () => {
      const swallowed = withSession(handle, ada, async (inner) => {
        await ask(inner, "INSERT INTO ledger VALUES (6, 'ada', 1) RETURNING id")
        await client.fail(inner, 'x').catch(() => {})
      })
      if (client.notices) await assert.rejects(swallowed, /rolled back/)
      else await swallowed
      assert.equal((await withSession(handle, ada, count)).n, 3)
      const after = await failure(
        withSession(handle, ada, async (inner) => {
          await client.fail(inner, 'x').catch(() => {})
          return count(inner)
        }),
      )
      assert.deepEqual([sqlState(after), httpStatus(after)], ['25P02', 500])
    })

    test('a stream within fn', { skip: !client.stream }, async () => {
      const rows = await withSession(handle, ada, (inner) => client.stream(inner))
      assert.deepEqual(rows.map((row) => row.id), [1, 2, 3])
    })

    test('30 transactions of two users over two connections never mix', async () => {
      const rows = await Promise.all(
        Array.from({ length: 30 }, (_, i) => withSession(handle, i % 2 ? ada : uwe, count)),
      )
      rows.forEach(({ n, who }, i) => assert.deepEqual([n, who], i % 2 ? [3, 'ada'] : [0, 'uwe']))
    })

    test('the token is bound, in so many round trips', async () => {
      const relay = await startRelay()
      const through = await open(db.config(relay.port), 1)
      try {
        for (let i = 0; i < 2; i++) await withSession(through, ada, count)
        relay.reset()
        await withSession(through, ada, count)
        seen.get(name).trips = relay.trips
        assert.ok(relay.sent.includes(ada), 'the token was sent')
        assert.ok(!relay.sent.includes(`'${ada}'`), 'the token is in the text')
      } finally {
        await close(through)
        relay.end()
      }
    })
  })
}

test('docs/drivers.md has the table of what was seen', { skip: !process.env.SESSION_AUTH_DOCS }, () => {
  const rows = clients.map(({ name, npm, gotcha }) => {
    const { trips, sqlState: path } = seen.get(name)
    return `| ${name} | ${versionOf(npm)} | ${trips} | \`${path}\` | yes | ${gotcha} |`
  })
  const table = ['| client | tested with | round trips | SQLSTATE in | binds | mind |', '|---|---|---|---|---|---|', ...rows].join('\n')
  const marks = /(<!-- written by packages\/node\/test -->\n)[^]*?(\n<!-- end -->)/
  const file = process.env.SESSION_AUTH_DOCS
  const document = readFileSync(file, 'utf8')
  assert.match(document, marks)
  const wanted = document.replace(marks, (_, begin, end) => begin + table + end)
  if (process.env.UPDATE) writeFileSync(file, wanted)
  else assert.equal(document, wanted)
})
