/**
 * agent.test.mjs
 *   The server as a process of its own, driven by the SDK's own client: two users, and what an agent
 *   should not get at. In the cluster that PGHOST names (scripts/with-cluster).
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import pg from 'pg'

const host = process.env.PGHOST
const port = process.env.PGPORT ?? '5432'
const tokens = {}
const clients = {}
let owner

async function createDatabase() {
  const admin = new pg.Client({ host, port, user: 'postgres', database: 'postgres' })
  await admin.connect()
  await admin.query('CREATE DATABASE agent')
  await admin.query('CREATE ROLE agent_request LOGIN')
  await admin.end()
  owner = new pg.Client({ host, port, user: 'postgres', database: 'agent' })
  await owner.connect()
  await owner.query(`
    CREATE EXTENSION session_auth;
    SELECT session_auth.grant_usage('agent_request', 'request');
    SELECT session_auth.import_permissions('{"TELLER": ["view:accounts", "edit:accounts", "view:salaries"], "CLERK": ["view:accounts"]}');
    SELECT session_auth.grant_role('ada', 'TELLER'), session_auth.grant_role('uwe', 'CLERK');
    CREATE TABLE accounts (id int PRIMARY KEY, owner text);
    INSERT INTO accounts SELECT n, CASE WHEN n <= 3 THEN 'ada' ELSE 'uwe' END FROM generate_series(1, 10) n;
    CREATE TABLE salaries AS SELECT 'ada' AS owner, 1000 AS amount;
    CREATE TABLE secrets AS SELECT 'nobody' AS reads;
    SELECT session_auth.protect_table('accounts', owner_column => 'owner'), session_auth.protect_table('salaries');
    GRANT ALL ON accounts, salaries TO agent_request`)
}

async function startServer(user, more = {}) {
  const { rows } = await owner.query('SELECT token FROM session_auth.create_session($1)', [user])
  tokens[user] ??= rows[0].token
  const client = new Client({ name: 'test', version: '1.0.0' })
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [fileURLToPath(new URL('../server.mjs', import.meta.url))],
      env: { ...process.env, PGHOST: host, PGPORT: port, PGUSER: 'agent_request', PGDATABASE: 'agent', SESSION_TOKEN: rows[0].token, AGENT_PERMISSIONS: 'view:accounts', AGENT_TIMEOUT: '700', AGENT_ROWS: '5', ...more },
    }),
  )
  return client
}

async function call(user, sql, name = 'query') {
  const { content, isError } = await clients[user].callTool({ name, arguments: { sql } })
  assert.equal(content.length, 1)
  return isError ? content[0].text : JSON.parse(content[0].text)
}

const count = async (user, table = 'accounts') => (await call(user, `SELECT count(*)::int AS n FROM ${table}`)).rows[0].n

before(async () => {
  await createDatabase()
  clients.ada = await startServer('ada')
  clients.uwe = await startServer('uwe')
  clients.nobody = await startServer('ada', { SESSION_TOKEN: 'sat_0000000000000000000000000000000000000000000' })
})
after(async () => {
  for (const client of Object.values(clients)) await client.close()
  await owner?.end()
})

describe('an agent', () => {
  test('has two tools', async () => {
    const { tools } = await clients.ada.listTools()
    assert.deepEqual(tools.map((tool) => tool.name).sort(), ['explain', 'query'])
  })

  test('sees what its user may see', async () => {
    assert.equal(await count('ada'), 3)
    assert.equal(await count('uwe'), 7)
  })

  test('… one user beside the other', async () => {
    const counts = await Promise.all(Array.from({ length: 20 }, (_, n) => count(n % 2 ? 'uwe' : 'ada')))
    assert.deepEqual(counts, Array.from({ length: 20 }, (_, n) => (n % 2 ? 7 : 3)))
  })

  test('does not see what its user may see and it is not for', async () => {
    assert.equal(await count('ada', 'salaries'), 0)
  })

  test('is told why a table is denied', async () => {
    assert.match(await call('ada', 'SELECT * FROM secrets'), /^42501: permission denied for table secrets/)
  })

  test('gets no more rows than the limit', async () => {
    const { rows, more } = await call('uwe', 'SELECT id FROM accounts ORDER BY id')
    assert.deepEqual(rows.map((row) => row.id), [4, 5, 6, 7, 8])
    assert.equal(more, true)
    assert.equal((await call('ada', 'SELECT id FROM accounts')).more, false)
  })

  test('cannot forge the identity', async () => {
    assert.match(await call('uwe', "SELECT set_config('session_auth.identity', 'ada', true)"), /^42501: /)
    assert.match(await call('uwe', "SET session_auth.identity = 'ada'"), /^42501: /)
    assert.match(await call('uwe', `SELECT session_auth.authenticate('${tokens.ada}')`), /^55000: /)
    assert.equal(await count('uwe'), 7)
  })

  test('cannot stack a statement', async () => {
    assert.match(await call('ada', "COMMIT; UPDATE accounts SET owner = 'uwe'"), /^42601: cannot insert multiple commands/)
    assert.match(await call('ada', `COMMIT; SELECT session_auth.authenticate('${tokens.ada}')`), /^42601: /)
    assert.match(await call('ada', '1; COMMIT', 'explain'), /^42601: /)
    assert.equal(await count('ada'), 3)
  })

  test('leaves nothing behind, also after COMMIT', async () => {
    assert.deepEqual(await call('ada', 'COMMIT'), { rows: [], more: false })
    assert.equal(await count('ada'), 3)
    assert.equal(await count('ada', 'salaries'), 0)
  })

  test('cannot widen what it was given', async () => {
    const { rows } = await call('ada', "SELECT session_auth.has_permission('view', 'salaries') AS current, session_auth.has_permission('TELLER', 'view', 'salaries') AS role")
    assert.deepEqual(rows, [{ current: false, role: false }])
  })

  test('writes nothing', async () => {
    assert.match(await call('ada', "UPDATE accounts SET owner = 'uwe'"), /^25006: /)
    assert.match(await call('ada', 'SELECT session_auth.sign_out()'), /^25006: /)
    assert.match(await call('ada', 'ANALYZE UPDATE accounts SET owner = owner', 'explain'), /^(25006|42601): /)
  })

  test('is stopped when it takes too long', async () => {
    const started = Date.now()
    assert.match(await call('ada', 'SELECT pg_sleep(60)'), /^57014: /)
    assert.match(await call('ada', "SELECT set_config('statement_timeout', '0', true), pg_sleep(60)"), /^57014: /)
    assert.ok(Date.now() - started < 20_000)
    assert.equal(await count('ada'), 3)
  })

  test('explains', async () => {
    const { rows } = await call('ada', 'SELECT * FROM accounts', 'explain')
    assert.match(rows.map((row) => row['QUERY PLAN']).join('\n'), /on accounts/)
  })

  test('is nobody with a token that is refused', async () => {
    assert.match(await call('nobody', 'SELECT 1'), /^28000: invalid or expired session token/)
  })

  test('ends with its session', async () => {
    await owner.query("SELECT session_auth.expire_user_sessions('uwe')")
    assert.match(await call('uwe', 'SELECT 1'), /^28000: /)
  })
})
