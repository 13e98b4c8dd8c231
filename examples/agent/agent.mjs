/**
 * agent.mjs
 *   Two tools, query and explain, over PostgreSQL with session_auth: SQL that an agent wrote runs for
 *   its user, with less than the user may do (docs/agents.md).
 *
 * Each statement has a transaction of its own, which is read only, narrowed, limited in time and
 * rolled back. It is sent by the extended protocol, which has one statement a message: nothing
 * stacked behind it runs.
 */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import Cursor from 'pg-cursor'
import { z } from 'zod'

/** Reads up to `rows` rows of one statement, and whether there are more. */
async function readSome(client, sql, rows) {
  const cursor = client.query(new Cursor(sql, []))
  try {
    const some = await cursor.read(rows + 1)
    return { rows: some.slice(0, rows), more: some.length > rows }
  } finally {
    await cursor.close()
  }
}

/** Runs one statement of the agent's for the user of this token. */
export async function runNarrowed(pool, { token, permissions, timeout, rows }, sql) {
  const client = await pool.connect()
  let broken
  try {
    // what whoever had this connection before has left in it is not the user's
    await client.query('DISCARD ALL')
    await client.query('BEGIN READ ONLY')
    await client.query('SELECT FROM session_auth.authenticate($1)', [token])
    await client.query('SELECT session_auth.narrow($1)', [permissions])
    await client.query("SELECT set_config('statement_timeout', $1, true)", [`${timeout}ms`])
    return await readSome(client, sql, rows)
  } finally {
    // whatever it was, also COMMIT
    await client.query('ROLLBACK').catch((error) => {
      broken = error
    })
    client.release(broken)
  }
}

const text = (value) => ({ content: [{ type: 'text', text: value }] })

/** Why a statement was refused, in PostgreSQL's words; nothing of the connection. */
function refusal(error) {
  const reason = error.code && error.severity ? `${error.code}: ${error.message}` : 'the database cannot be reached'
  return { ...text(reason), isError: true }
}

/**
 * The server. options: token, the user's; permissions, what the agent is for; timeout, milliseconds of a
 * statement; rows, how many are returned at the most.
 */
export function createAgentServer(pool, options) {
  const settings = { timeout: 5000, rows: 100, ...options }
  const server = new McpServer({ name: 'session-auth-agent', version: '0.2.0' })
  const answer = async (sql) => {
    try {
      return text(JSON.stringify(await runNarrowed(pool, settings, sql)))
    } catch (error) {
      return refusal(error)
    }
  }
  const sql = z.string().min(1).max(100_000).describe('one SQL statement for PostgreSQL')

  server.registerTool(
    'query',
    {
      description: `Runs one read-only SQL statement as the user, who sees no more than is allowed. Returns up to ${settings.rows} rows.`,
      inputSchema: { sql },
      annotations: { readOnlyHint: true },
    },
    (input) => answer(input.sql),
  )
  server.registerTool(
    'explain',
    {
      description: "Shows PostgreSQL's plan for one SQL statement, without running it.",
      inputSchema: { sql },
      annotations: { readOnlyHint: true },
    },
    (input) => answer(`EXPLAIN (FORMAT TEXT) ${input.sql}`),
  )
  return server
}
