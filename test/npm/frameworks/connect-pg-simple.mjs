// connect-pg-simple writes its timestamp in the time zone of its database session: two applications, each in its own
// zone with a table of its own, which the database adopts. One that writes to both zones' table needs a timestamptz.
import connectPgSimple from 'connect-pg-simple'
import express from 'express'
import session from 'express-session'
import pg from 'pg'
import { asAdmin, cookiesOf, end, equal, userOf, versions } from './tap.mjs'

versions('connect-pg-simple', 'express-session', 'pg')
await asAdmin("SELECT session_auth.add_cookie_secret('express', $1)", process.env.SECRET_KEY)
const lives = (cookie) => asAdmin(`SELECT round(extract(epoch FROM expires_at - now()) / 60)::int FROM session_auth.authenticate_request($1, NULL, on_refused => 'nobody')`, cookie)

/** As the package's table.sql has it. */
const create = (table) => asAdmin(`CREATE TABLE ${table} (sid varchar PRIMARY KEY, sess json NOT NULL, expire timestamp(6) NOT NULL)`)

/** A browser and its application, whose connections are in this time zone. */
async function application(zone, table) {
  const pool = new pg.Pool({ user: process.env.ADMIN, options: `-c TimeZone=${zone}` })
  const store = new (connectPgSimple(session))({ pool, tableName: table, pruneSessionInterval: false })
  const app = express()
  app.use(session({ store, secret: process.env.SECRET_KEY, resave: false, saveUninitialized: false, cookie: { maxAge: 3600_000 } }))
  app.get('/login/:user', (request, response) => { request.session.userId = request.params.user; response.send('in') })
  app.get('/login-anew/:user', (request, response) => request.session.regenerate(() => { request.session.userId = request.params.user; response.send('in') }))
  app.get('/leave', (request, response) => { delete request.session.userId; response.send('out') })
  app.get('/logout', (request, response) => request.session.destroy(() => response.send('out')))
  app.get('/whoami', (request, response) => response.send(request.session.userId ?? 'nobody'))
  const server = app.listen(0, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  let jar = ''
  return {
    get cookie() { return jar },
    async visit(path) {
      const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`, { headers: { cookie: jar } })
      jar = cookiesOf(response, jar)
      return response.text()
    },
    async stop() {
      store.close()
      server.close()
      await pool.end()
    },
  }
}

for (const [zone, table] of [['Asia/Tokyo', 'east'], ['America/New_York', 'west']]) {
  await create(table)
  const shop = await application(zone, table)
  await shop.visit('/login/ada')
  await asAdmin(`SELECT session_auth.adopt_sessions('${table}', 'sid', 'sess', 'expire', user_path => '{userId}', time_zone => '${zone}')`)
  equal([await shop.visit('/whoami'), await userOf(shop.cookie), await lives(shop.cookie)], ['ada', 'ada', 60], `${zone}: who was in before is in, for her hour`)
  const later = await application(zone, table)
  await later.visit('/login/uwe')
  equal([await later.visit('/whoami'), await userOf(later.cookie), await lives(later.cookie)], ['uwe', 'uwe', 60], `${zone}: who comes later, too`)
  await asAdmin(`UPDATE ${table} SET expire = expire - interval '50 minutes' WHERE sess->>'userId' = 'uwe'`)
  equal([await later.visit('/whoami'), await lives(later.cookie)], ['uwe', 60], `${zone}: each visit touches the session, and the database follows`)
  await asAdmin(`UPDATE ${table} SET expire = expire - interval '61 minutes' WHERE sess->>'userId' = 'uwe'`)
  equal([await userOf(later.cookie), await later.visit('/whoami')], [null, 'nobody'], `${zone}: it expires for both`)
  const before = shop.cookie
  await shop.visit('/leave')
  await shop.visit('/login/eva')
  equal([await shop.visit('/whoami'), shop.cookie === before, await userOf(shop.cookie)], ['eva', true, null], `${zone}: a login under the sid of before is refused`)
  await shop.visit('/login-anew/eva')
  equal([await shop.visit('/whoami'), shop.cookie === before, await userOf(shop.cookie), await userOf(before)], ['eva', false, 'eva', null], `${zone}: one that regenerates the session is good`)
  const cookie = shop.cookie
  await shop.visit('/logout')
  equal(await userOf(cookie), null, `${zone}: she logs out`)
  await shop.stop()
  await later.stop()
}

// Both zones write one table: shared/cases/local_timestamps.sql. No time_zone is right; a timestamptz is.
await create('mixed')
const first = await application('Asia/Tokyo', 'mixed')
await first.visit('/login/ada')
await asAdmin(`ALTER TABLE mixed ALTER expire TYPE timestamptz USING expire AT TIME ZONE 'Asia/Tokyo'`)
await asAdmin(`SELECT session_auth.adopt_sessions('mixed', 'sid', 'sess', 'expire', user_path => '{userId}')`)
const second = await application('America/New_York', 'mixed')
await second.visit('/login/uwe')
equal([await userOf(first.cookie), await lives(first.cookie), await userOf(second.cookie), await lives(second.cookie)], ['ada', 60, 'uwe', 60], 'both zones in one table: right with a timestamptz')
await first.stop()
await second.stop()
await end()
