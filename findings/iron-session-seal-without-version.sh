#!/usr/bin/env bash
# iron-session 8 and 9 disagree about one seal.
#
# Versions: iron-session 8.0.4 (on iron-webcrypto 1.2.1) and 9.0.1.
# Behaviour: what sealData() writes ends with "~2", which stands outside the seal's MAC. Taken
# off, the seal is as genuine as before. 8 reads it as one of version 6 and answers with an empty
# session; 9 passes over whatever stands there and answers with the session.
# Seen: 8.0.4 without ~2: {}          9.0.1 without ~2: {"user":{"id":42}}
# Matters to: anybody who verifies these cookies elsewhere, or upgrades from 8 to 9.
#
# Installs the two versions in a temporary folder, and fails when one answers otherwise.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund iron8@npm:iron-session@8.0.4 iron9@npm:iron-session@9.0.1 >/dev/null

cat >seal.mjs <<'JS'
import * as iron8 from 'iron8'
import * as iron9 from 'iron9'

const password = 'a password of more than thirty-two characters'
for (const [version, iron] of [['8.0.4', iron8], ['9.0.1', iron9]]) {
  const seal = await iron.sealData({ user: { id: 42 } }, { password })
  const without = await iron.unsealData(seal.replace(/~2$/, ''), { password })
  console.log(`${version} ends with ~2: ${seal.endsWith('~2')}, without it: ${JSON.stringify(without)}`)
}
JS

expected='8.0.4 ends with ~2: true, without it: {}
9.0.1 ends with ~2: true, without it: {"user":{"id":42}}'
seen=$(node seal.mjs)
echo "$seen"
[[ $seen == "$expected" ]] || { echo 'this is not what was seen before' >&2; exit 1; }
