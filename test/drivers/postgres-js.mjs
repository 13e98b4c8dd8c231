// One round trip with Postgres.js (postgres).
import postgres from 'postgres'

// shown
async function accountsOf (sql, token) {
  const connection = await sql.reserve()
  try {
    const [, , accounts] = await Promise.all([
      connection`BEGIN`,
      connection`SELECT (session_auth.authenticate(${token})).user_id`,
      connection`SELECT id FROM accounts ORDER BY id`,
      connection`COMMIT` // rolls back when a statement before it has failed
    ])
    return accounts
  } finally {
    connection.release()
  }
}
// end

async function show (sql, token) {
  try {
    console.log((await accountsOf(sql, token)).map(row => row.id).join(' '))
  } catch (error) {
    console.log(error.code)
  }
}

const sql = postgres(process.env.DATABASE_URL, { max: 1 })
await show(sql, process.env.TOKEN)
await sql`SELECT 'measured from here'`
await show(sql, process.env.TOKEN)
await sql`SELECT 'measured to here'`
await show(sql, 'made-up')
await show(sql, process.env.TOKEN)
await sql.end()
