#!/usr/bin/env bash
# A second key in a key set refuses tokens that the first one signed, where they do not name it.
#
# Versions: jose 6.2.18, jwks-rsa 4.1.0 and jsonwebtoken 9.0.3 of npm; PyJWT 2.6.0, python-jose 3.3.0, jwcrypto 1.1 and ruby-jwt
# 2.5.0 of Debian 12 (packages python3-jwt, python3-jose, python3-jwcrypto and ruby-jwt).
# Behaviour: kid is optional in a token's header and in a key (RFC 7515, 4.1.4; RFC 7517, 4.5). Without it jose and jwks-rsa take the
# only key of the set, and raise an error where there are two; python-jose and jwcrypto try all; PyJWT's PyJWKClient and
# ruby-jwt want a kid whatever is in the set.
# Seen: a token without kid, a set of one key: jose, jwks-rsa, python-jose and jwcrypto accept it, PyJWT and ruby-jwt do not;
#       with the next key beside it: python-jose and jwcrypto alone. With kid all of them accept it, either way.
# Matters to: whoever rotates keys. Publishing the next key before anything is signed with it, as one should, is when
# the tokens of the present one stop working.
#
# Uses Debian's packages as they are installed, installs npm's in a temporary folder, and fails when one answers otherwise.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund jose@6.2.18 jwks-rsa@4.1.0 jsonwebtoken@9.0.3 >/dev/null

# Makes the keys and the tokens, which the others read from this file.
cat >keys.mjs <<'JS'
import { writeFileSync } from 'node:fs'
import * as jose from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import jwksRsa from 'jwks-rsa'

async function pair(kid) {
  const { publicKey, privateKey } = await jose.generateKeyPair('RS256')
  return { privateKey, jwk: { ...(await jose.exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' } }
}

const [present, next] = [await pair('present'), await pair('next')]
const signed = (header) =>
  new jose.SignJWT({ sub: 'ada' }).setProtectedHeader({ alg: 'RS256', ...header }).setExpirationTime('1h').sign(present.privateKey)
const tokens = { 'without kid': await signed({}), 'with kid': await signed({ kid: 'present' }) }
const sets = { 'one key': { keys: [present.jwk] }, 'two keys': { keys: [present.jwk, next.jwk] } }
writeFileSync('keys.json', JSON.stringify({ tokens, sets }))

const libraries = {
  jose: async (token, set) => (await jose.jwtVerify(token, jose.createLocalJWKSet(set))).payload.sub,
  'jwks-rsa': async (token, set) => {
    const client = jwksRsa({ jwksUri: 'not used', fetcher: async () => set })
    const key = await client.getSigningKey(jsonwebtoken.decode(token, { complete: true }).header.kid)
    return jsonwebtoken.verify(token, key.getPublicKey(), { algorithms: ['RS256'] }).sub
  },
}

for (const [name, user] of Object.entries(libraries)) {
  for (const [kind, token] of Object.entries(tokens)) {
    const said = []
    for (const [size, set] of Object.entries(sets)) said.push(`${size} ${await user(token, set).catch((error) => error.name)}`)
    console.log(`${name}, ${kind}: ${said.join(', ')}`)
  }
}
JS

cat >keys.py <<'PY'
import json
from importlib.metadata import version

import jose.jwt
import jwt
from jwcrypto import jwk
from jwcrypto import jwt as jwcrypto

wanted = {'PyJWT': '2.6.0', 'python-jose': '3.3.0', 'jwcrypto': '1.1'}
have = {name: version(name) for name in wanted}
assert have == wanted, have


def by_pyjwt(token, keys):
    client = jwt.PyJWKClient('not used')
    client.fetch_data = lambda: keys
    return jwt.decode(token, client.get_signing_key_from_jwt(token).key, ['RS256'])['sub']


def by_jwcrypto(token, keys):
    return json.loads(jwcrypto.JWT(jwt=token, key=jwk.JWKSet.from_json(json.dumps(keys))).claims)['sub']


def said(read, token, keys):
    try:
        return read(token, keys)
    except Exception as error:
        return type(error).__name__


with open('keys.json') as file:
    made = json.load(file)
for name, read in (('PyJWT', by_pyjwt),
                   ('python-jose', lambda token, keys: jose.jwt.decode(token, keys, ['RS256'])['sub']),
                   ('jwcrypto', by_jwcrypto)):
    for kind, token in made['tokens'].items():
        print(f'{name}, {kind}: ' + ', '.join(f'{size} {said(read, token, keys)}' for size, keys in made['sets'].items()))
PY

cat >keys.rb <<'RUBY'
require 'json'
require 'jwt'
raise JWT::VERSION::STRING unless JWT::VERSION::STRING == '2.5.0'

made = JSON.parse(File.read('keys.json'))
made['tokens'].each do |kind, token|
  said = made['sets'].map do |size, set|
    jwks = JSON.parse(set.to_json, symbolize_names: true)
    "#{size} #{JWT.decode(token, nil, true, algorithms: ['RS256'], jwks: jwks)[0]['sub']}"
  rescue JWT::DecodeError => e
    "#{size} #{e.class}"
  end
  puts "ruby-jwt, #{kind}: #{said.join(', ')}"
end
RUBY

expected='jose, without kid: one key ada, two keys JWKSMultipleMatchingKeys
jose, with kid: one key ada, two keys ada
jwks-rsa, without kid: one key ada, two keys SigningKeyNotFoundError
jwks-rsa, with kid: one key ada, two keys ada
PyJWT, without kid: one key PyJWKClientError, two keys PyJWKClientError
PyJWT, with kid: one key ada, two keys ada
python-jose, without kid: one key ada, two keys ada
python-jose, with kid: one key ada, two keys ada
jwcrypto, without kid: one key ada, two keys ada
jwcrypto, with kid: one key ada, two keys ada
ruby-jwt, without kid: one key JWT::DecodeError, two keys JWT::DecodeError
ruby-jwt, with kid: one key ada, two keys ada'
seen=$(node keys.mjs && /usr/bin/python3 -B keys.py && ruby keys.rb)
echo "$seen"
[[ $seen == "$expected" ]] || { echo 'this is not what was seen before' >&2; exit 1; }
