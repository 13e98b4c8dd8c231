#!/usr/bin/env bash
# A session of express-session in PostgreSQL has three ends: in the browser, in the row's column and in the row's JSON.
#
# Versions: express-session 1.19.0, connect-pg-simple 10.0.0, pg 8.23.1, on PostgreSQL 15.
# Behaviour: each visit moves the column expire to maxAge from now, as a touch, whether the session has changed or not. The
# browser is sent its cookie again only when the session has changed, or with rolling, and a touch leaves sess, where the
# cookie's expires stands, as it is. What the cookie is good for is what the column says.
# Seen: maxAge 60 minutes, a visit after 50 that only reads: browser 60, expire 110, sess 60; with rolling: 110, 110, 60; a visit that
#       changes the session: 110, 110, 110. At 70 the browser of the first is logged out, and its cookie is still ada's
# Matters to: whoever lists who is logged in, or reads the row elsewhere: who came an hour ago and was here all the time
# has lost the cookie, and "60 minutes" is no limit for a copy of it, which each use of its own keeps alive.
#
# Installs the packages in a temporary folder, starts a PostgreSQL of its own, and fails when it answers otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1:-} != --started ]]; then
    dir=$(mktemp -d)
    trap 'rm -rf "$dir"' EXIT
    (cd "$dir" && npm init --yes >/dev/null &&
        npm install --silent --no-audit --no-fund connect-pg-simple@10.0.0 express-session@1.19.0 pg@8.23.1 >/dev/null)
    scripts/with-cluster findings/express-session-three-ends.sh --started "$dir"
    exit
fi
cd "$2"

cat >ends.mjs <<'JS'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import connectPgSimple from 'connect-pg-simple'
import session from 'express-session'
import pg from 'pg'

const MINUTE = 60_000
const pool = new pg.Pool()
await pool.query(readFileSync('node_modules/connect-pg-simple/table.sql', 'utf8'))
await pool.query('ALTER TABLE session ALTER expire TYPE timestamptz') // findings/connect-pg-simple-time-zone.sh

const began = Math.floor(Date.now() / 1000) * 1000
let minutes
Date.now = () => began + minutes * MINUTE
const minuteOf = (time) => (new Date(time) - began) / MINUTE

/** A browser at an application with these options: visit answers who it is there, and the page may change its session. */
function browserAt(options) {
  const store = new (connectPgSimple(session))({ pool, pruneSessionInterval: false })
  const middleware = session({ store, secret: 'a secret', resave: false, saveUninitialized: false, cookie: { maxAge: 60 * MINUTE }, ...options })
  const browser = { cookie: '', expires: undefined }
  browser.visit = async (page) => {
    const server = createServer((request, response) =>
      middleware(request, response, () => {
        page(request.session)
        response.end(request.session.user ?? 'nobody')
      }),
    )
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    const response = await fetch(`http://127.0.0.1:${server.address().port}/`, { headers: { cookie: browser.cookie } })
    const who = await response.text()
    server.close()
    for (const header of response.headers.getSetCookie()) {
      browser.cookie = header.split(';')[0]
      browser.expires = /Expires=([^;]*)/.exec(header)[1]
    }
    return who
  }
  return browser
}

const logIn = (session) => (session.user = 'ada')
const reads = () => {}
const changes = (session) => (session.cart = 'full')
for (const [what, options, page] of [['reads', {}, reads], ['reads, rolling', { rolling: true }, reads], ['changes', {}, changes]]) {
  await pool.query('TRUNCATE session')
  const browser = browserAt(options)
  minutes = 0
  await browser.visit(logIn)
  minutes = 50
  await browser.visit(page)
  const { rows: [{ expire, sess }] } = await pool.query('TABLE session')
  const ends = `browser ${minuteOf(browser.expires)}, expire ${minuteOf(expire)}, sess ${minuteOf(sess.cookie.expires)}`
  minutes = 70
  console.log(`${what}: ${ends}; the cookie at 70: ${await browser.visit(reads)}`)
}
await pool.end()
JS

expected='reads: browser 60, expire 110, sess 60; the cookie at 70: ada
reads, rolling: browser 110, expire 110, sess 60; the cookie at 70: ada
changes: browser 110, expire 110, sess 110; the cookie at 70: ada'
seen=$(node ends.mjs)
echo "$seen"
[[ $seen == "$expected" ]] || { echo 'this is not what was seen before' >&2; exit 1; }
