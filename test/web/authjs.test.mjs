/**
 * authjs.test.mjs
 *   docs/authjs.md, typed literally into an empty folder: each of its three ways, from package.json to
 *   the replay of a cookie that was signed out. Nothing but the page's own files and commands makes the
 *   application; what this file adds is what a person would look at besides.
 *
 * Runs beside the cluster that PGHOST names, as its superuser. WAYS=A,C runs these alone.
 */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { spawn } from 'node:child_process'
import { copyFile, cp, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { blocksOf, run, Typist } from './page.mjs'
import { forgetPages, freePort, psql, relayToCluster, waitFor } from './support.mjs'

const root = process.env.SESSION_AUTH_ROOT
const blocks = await blocksOf(path.join(root, 'docs/authjs.md'))
const ways = (process.env.WAYS ?? 'A,B,C').split(',')
const FIRST = ['If your API sees no session', 'The application']
const LIVE = { A: randomUUID(), B: randomUUID() }

let dir, relay, modules
before(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'session_auth.page.'))
  relay = await relayToCluster()
  // Passwords are looked at, as on a server of its own: the page has three of them.
  const hba = `${process.env.PGHOST}/data/pg_hba.conf`
  await writeFile(hba, 'local all postgres trust\nlocal all all scram-sha-256\n')
  await psql('postgres', 'SELECT pg_reload_conf()')
})
after(async () => {
  relay?.close()
  if (dir) await rm(dir, { recursive: true, force: true })
})

for (const way of ways) {
  describe(`docs/authjs.md, way ${way}`, () => {
    let typist, server, log, port
    const app = () => path.join(dir, way)
    const ofWay = ({ section }) => !/^Way /.test(section) || section.startsWith(`Way ${way}:`)

    const typeAll = async (wanted) => {
      for (const block of blocks.filter((one) => ofWay(one) && wanted(one))) await typist.type(block)
    }
    const get = (url, cookie) => fetch(url, { headers: { cookie }, redirect: 'manual' })
    const api = (cookie) => get(`http://localhost:${port}/api/accounts`, cookie)

    before(async () => {
      await forgetPages()
      port = await freePort()
      await cp(path.join(root, 'test/web/app'), app(), { recursive: true })
      for (const file of ['session-auth.mjs', 'session-auth.d.mts']) {
        await copyFile(path.join(root, 'examples/authjs', file), path.join(app(), file))
      }
      // The second way need not fetch the same packages again.
      if (modules) await run(`cp -al '${modules}' '${app()}/node_modules'`, { env: process.env })
      typist = new Typist({
        cwd: app(),
        env: { ...process.env },
        replaced: (text) => text.replaceAll('localhost:5432', `localhost:${relay.port}`).replaceAll('localhost:3000', `localhost:${port}`),
      })
    })
    after(async () => {
      server?.kill()
      await log?.close()
    })

    test('the application and its database are made', async () => {
      await typeAll(({ section, language }) => FIRST.includes(section) && language !== '')
      modules ??= path.join(app(), 'node_modules')
      // who is logged in when session_auth comes
      if (LIVE[way]) await psql('shop', `INSERT INTO "Session" VALUES ('${LIVE[way]}', 'ada', now() AT TIME ZONE 'UTC' + interval '1 day')`)
      await typeAll(({ section }) => section === 'The database')
    })

    test('what the way itself needs is typed', async () => {
      await typeAll(({ section }) => section === 'The module' || section.startsWith('Way '))
    })

    test('it is built and starts', async () => {
      await typeAll(({ section }) => section === 'Queries')
      await typeAll(({ section }) => section === 'If your API sees no session')
      log = await open(path.join(app(), 'server.log'), 'a')
      const { MIGRATE_DATABASE_URL: _, PGHOST: __, PGUSER: ___, ...env } = typist.env
      server = spawn(process.execPath, ['node_modules/next/dist/bin/next', 'start'], {
        cwd: app(),
        env: { ...env, PORT: String(port) },
        stdio: ['ignore', log.fd, log.fd],
      })
      await waitFor(() => fetch(`http://localhost:${port}/api/accounts`), server)
    })

    if (LIVE[way]) {
      test('a session from before goes on', async () => {
        const cookie = `authjs.session-token=${LIVE[way]}`
        assert.equal((await api(cookie)).status, 200)
        const session = await (await get(`http://localhost:${port}/api/auth/session`, cookie)).json()
        assert.equal(session.user.email, 'ada@example.com')
      })
    }

    test('a link by mail makes a new user, who has the least role', async () => {
      const jar = path.join(app(), 'eve.jar')
      const { output } = await run(
        `csrf=$(curl -s -c '${jar}' http://localhost:${port}/api/auth/csrf | sed 's/.*:"\\(.*\\)"}/\\1/')
         curl -s -o /dev/null -w '%{http_code}' -b '${jar}' -c '${jar}' http://localhost:${port}/api/auth/signin/resend -d "csrfToken=$csrf" -d email=eve@example.com`,
        { env: process.env },
      )
      assert.equal(output, '302')
      const link = /http:\S+callback\/resend\S+/.exec(await readFile(path.join(app(), 'server.log'), 'utf8'))?.[0]
      assert.ok(link, 'the link is in the log')
      const cookie = (await fetch(link, { redirect: 'manual' })).headers.getSetCookie().map((one) => one.split(';')[0]).join('; ')
      assert.match(cookie, /authjs\.session-token/)
      assert.equal((await api(cookie)).status, 403)
      assert.equal(await psql('shop', `SELECT role FROM "User" WHERE email = 'eve@example.com'`), 'USER')
    })

    test('what the page says comes back: promotion, demotion, sign-out, replay', async () => {
      await typeAll(({ section }) => section === 'Try it')
    })

    test('logins may link accounts, set passwords, and give nobody a role', async () => {
      const asIssuer = (sql) => run(`psql "$AUTH_DATABASE_URL" -X -q -v ON_ERROR_STOP=1 -c "${sql.replaceAll('"', '\\"')}"`, { env: typist.env })
      for (const sql of [
        `INSERT INTO "Account" ("userId", type, provider, "providerAccountId") VALUES ('ada', 'oauth', 'github', '1')`,
        `UPDATE "User" SET "passwordHash" = 'x' WHERE id = 'uwe'`,
      ]) assert.deepEqual(await asIssuer(sql), { code: 0, output: '' })
      assert.match((await asIssuer(`UPDATE "User" SET role = 'ADMIN'`)).output, /permission denied/)
    })

    test('no mistake is left, and no error in the server\'s log', async () => {
      assert.equal(await psql('shop', "SELECT string_agg(concat_ws(' ', severity, object, problem), E'\\n') FROM session_auth.check_policies() WHERE severity = 'error'"), '')
      assert.doesNotMatch(await readFile(path.join(app(), 'server.log'), 'utf8'), /\[auth\]\[error\]|Error:|⨯/)
      if (way === 'B') assert.equal(await psql('shop', `SELECT to_regclass('"Session"') IS NULL`), 't')
    })
  })
}

test('every block of the page was of a section that is typed', () => {
  const known = [...FIRST, 'The database', 'The module', 'Queries', 'Try it']
  const strays = blocks.filter(({ section }) => !known.includes(section) && !/^Way [ABC]:/.test(section))
  assert.deepEqual(strays.map(({ section, line }) => `${line}: ${section}`), [])
})
