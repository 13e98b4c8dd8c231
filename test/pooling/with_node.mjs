/**
 * with_node.mjs SOCKET PORT TOKEN
 *   For poolers.t: what withConnection of packages/node makes of the pooler at hand: the users of two statements, or
 *   the SQLSTATE and the message of the refusal; and who is the next one there.
 */
import { createRequire } from 'node:module'
import { withConnection } from '../../packages/node/pg.mjs'

const [host, port, token] = process.argv.slice(2)
const pg = createRequire(new URL('../../packages/node/', import.meta.url))('pg')
const open = () => new pg.Client({ host, port: Number(port), user: 'app', database: 'postgres' })
const who = async (client) => (await client.query('SELECT session_auth.user_id() AS who')).rows[0].who

const answer = await withConnection(open(), token, async (client) => [await who(client), await who(client)]).catch(
  (error) => `${error.code} ${error.message.split(',')[0]}`,
)
const next = open()
await next.connect()
console.log(`${answer}; then ${await who(next)}`)
await next.end()
