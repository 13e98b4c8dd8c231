#!/usr/bin/env node
/**
 * server.mjs
 *   The server by standard input and output, for one user.
 *
 * SESSION_TOKEN is the user's token, AGENT_PERMISSIONS what the agent may do at the most, separated by
 * spaces; libpq's variables (PGHOST, PGUSER, PGDATABASE, ...) or DATABASE_URL say where PostgreSQL is.
 */
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import pg from 'pg'
import { createAgentServer } from './agent.mjs'

const { SESSION_TOKEN: token, AGENT_PERMISSIONS: permissions, DATABASE_URL: connectionString } = process.env
if (!token || permissions === undefined) {
  console.error('SESSION_TOKEN and AGENT_PERMISSIONS are needed')
  process.exit(2)
}

const pool = new pg.Pool({ connectionString, max: 4 })
// a connection that breaks while nobody uses it is not this process's end
pool.on('error', (error) => console.error(error.message))

const server = createAgentServer(pool, {
  token,
  permissions: permissions.split(' ').filter((permission) => permission !== ''),
  timeout: Number(process.env.AGENT_TIMEOUT ?? 5000),
  rows: Number(process.env.AGENT_ROWS ?? 100),
})
server.server.onclose = () => pool.end()
await server.connect(new StdioServerTransport())
