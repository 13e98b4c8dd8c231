#!/usr/bin/env bash
# @fastify/secure-session says of a cookie that it was made later than it was.
#
# Version: @fastify/secure-session 8.4.0 (fastify 5.12.8).
# Behaviour: the cookie's __ts is Math.round() of the seconds since 1970, where JWT libraries,
# itsdangerous and Django cut the fraction off. A cookie that is made in the second half of a second
# says the second after it.
# Seen: made 400 ms into second 0: second 0     made 600 ms into second 0: second 1
# Matters to: whoever ends the cookies of a user that were made before an instant, such as a change of the
# password: one made up to half a second before says that it was made after it.
#
# Installs the packages in a temporary folder, and fails when one answers otherwise.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund @fastify/secure-session@8.4.0 fastify@5.12.8 >/dev/null

cat >time.mjs <<'JS'
import secureSession from '@fastify/secure-session'
import Fastify from 'fastify'

const app = Fastify()
app.register(secureSession, { key: Buffer.alloc(32, 1) })
app.get('/', (request, reply) => {
  request.session.set('user', 42)
  reply.send('in')
})
await app.ready()
const second = Math.floor(Date.now() / 1000)
for (const ms of [400, 600]) {
  const { now } = Date
  Date.now = () => second * 1000 + ms
  const { headers } = await app.inject('/')
  Date.now = now
  const value = decodeURIComponent(/session=([^;]*)/.exec(headers['set-cookie'])[1])
  const said = app.decodeSecureSession(value).get('__ts') - second
  console.log(`made ${ms} ms into second 0: __ts says second ${said}`)
}
JS

expected='made 400 ms into second 0: __ts says second 0
made 600 ms into second 0: __ts says second 1'
seen=$(node time.mjs)
echo "$seen"
[[ $seen == "$expected" ]] || { echo 'this is not what was seen before' >&2; exit 1; }
