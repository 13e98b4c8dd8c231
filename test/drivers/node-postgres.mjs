// One round trip with node-postgres (pg).
import pg from 'pg'

// shown
// client = new pg.Client({ connectionString, pipeline: true })
async function accountsOf (client, token) {
  const [, , accounts] = await Promise.all([
    client.query('BEGIN'),
    client.query('SELECT (session_auth.authenticate($1)).user_id', [token]),
    client.query('SELECT id FROM accounts ORDER BY id'),
    client.query('COMMIT') // rolls back when a statement before it has failed
  ])
  return accounts.rows
}
// end

async function show (client, token) {
  try {
    console.log((await accountsOf(client, token)).map(row => row.id).join(' '))
  } catch (error) {
    console.log(error.code)
  }
}

const client = new pg.Client({ connectionString: process.env.DATABASE_URL, pipeline: true })
await client.connect()
await show(client, process.env.TOKEN)
await client.query("SELECT 'measured from here'")
await show(client, process.env.TOKEN)
await client.query("SELECT 'measured to here'")
await show(client, 'made-up')
await show(client, process.env.TOKEN)
await client.end()
