#!/usr/bin/env bash
# h3's session seals have no end unless maxAge is set.
#
# Versions: h3 1.15.11 and iron-session 9.0.1, whose seals have the same form.
# Behaviour: the sixth part of a seal is when it expires. iron-session's default is two weeks from now; h3 leaves
# it empty, and notes only when the session was made. Without maxAge the cookie goes when the browser is closed,
# but what was in it stays good for as long as the password does.
# Seen: h3: none     h3 with maxAge: 1 hour     iron-session: 14 days
# Matters to: whoever takes a seal's own expiry for the end of the session.
#
# Installs the two packages in a temporary folder, and fails when one answers otherwise.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund h3@1.15.11 iron-session@9.0.1 >/dev/null

cat >seal.mjs <<'JS'
import * as h3 from 'h3'
import { sealData } from 'iron-session'

const password = 'a password of more than thirty-two characters'

async function sealed(config) {
  const app = h3.createApp()
  app.use('/', h3.eventHandler(async (event) => {
    const session = await h3.useSession(event, { password, ...config })
    await session.update({ user: { id: 42 } })
    return 'in'
  }))
  const response = await h3.toWebHandler(app)(new Request('http://localhost/'))
  return decodeURIComponent(/h3=([^;]*)/.exec(response.headers.get('set-cookie'))[1])
}

function end(seal) {
  const expires = seal.split('*')[5]
  const hours = Math.round((Number(expires) - Date.now()) / 3600e3)
  return expires === '' ? 'none' : hours < 48 ? `${hours} hour` : `${hours / 24} days`
}

console.log(`h3: ${end(await sealed({}))}`)
console.log(`h3 with maxAge: ${end(await sealed({ maxAge: 3600 }))}`)
console.log(`iron-session: ${end(await sealData({ user: { id: 42 } }, { password }))}`)
JS

expected='h3: none
h3 with maxAge: 1 hour
iron-session: 14 days'
seen=$(node seal.mjs)
echo "$seen"
[[ $seen == "$expected" ]] || { echo 'this is not what was seen before' >&2; exit 1; }
