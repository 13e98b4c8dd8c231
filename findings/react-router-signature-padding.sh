#!/usr/bin/env bash
# React Router accepts a signature in several texts, Remix in one.
#
# Versions: react-router 8.5.1 and @remix-run/node 2.17.5.
# Behaviour: both sign a cookie with HMAC-SHA256 and write base64 without padding. Remix compares
# that text; React Router decodes what it is given with atob() and compares the bytes, so that the
# same signature with "=" behind it is accepted, too.
# Seen: react-router 8.5.1: plain 42, padded 42     remix 2.17.5: plain 42, padded undefined
# Matters to: anybody who takes the cookie's text for its identity, in a cache or a log of uses.
#
# Installs the two packages in a temporary folder, and fails when one answers otherwise.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund react@19 react-dom@19 react-router@8.5.1 @remix-run/node@2.17.5 \
    --legacy-peer-deps >/dev/null

cat >cookie.mjs <<'JS'
import * as router from 'react-router'
import remix from '@remix-run/node'

for (const [name, library] of [['react-router 8.5.1', router], ['remix 2.17.5', remix]]) {
  const storage = library.createCookieSessionStorage({ cookie: { name: 's', secrets: ['secret'] } })
  const session = await storage.getSession()
  session.set('userId', 42)
  const cookie = (await storage.commitSession(session)).split(';')[0]
  const user = async text => (await storage.getSession(text)).get('userId')
  console.log(`${name}: plain ${await user(cookie)}, padded ${await user(cookie + '%3D')}`)
}
JS

expected='react-router 8.5.1: plain 42, padded 42
remix 2.17.5: plain 42, padded undefined'
seen=$(node cookie.mjs)
echo "$seen"
[[ $seen == "$expected" ]] || { echo 'this is not what was seen before' >&2; exit 1; }
