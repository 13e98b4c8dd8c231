#!/usr/bin/env bash
# Of two cookies of one name some frameworks read the first, and others the last.
#
# Versions: Django 3.2.25, Starlette 0.26.1, Werkzeug 2.2.2 (Flask), Rack 2.2.22 (Rails), of Debian 12; the npm packages cookie 1.0.2
# (Express) and next 15.5.6.
# Behaviour: a browser sends two cookies of one name when they were set for two paths or for two domains, that of the
# longer path first (RFC 6265, 5.4). Servers should not rely on that order, the standard says (4.2.2); each relies on one.
# Seen: the first: Werkzeug, Rack, cookie     the last: Django, Starlette, Next.js
# Matters to: whoever reads a framework's cookie beside it, in a proxy, another service or a database: for such a
# request the two take different sessions, and perhaps different users.
#
# Uses Debian's packages as they are installed, installs npm's in a temporary folder, and fails when one answers otherwise.
set -euo pipefail

header='session=longer-path; session=shorter-path'

python=$(/usr/bin/python3 -B - "$header" <<'PY'
import sys
from importlib.metadata import version

from django.http.cookie import parse_cookie as django
from starlette.requests import cookie_parser as starlette
from werkzeug.http import parse_cookie as werkzeug

wanted = {'django': '3.2.25', 'starlette': '0.26.1', 'werkzeug': '2.2.2'}
have = {name: version(name) for name in wanted}
assert have == wanted, have
for name, parse in (('Django', django), ('Starlette', starlette), ('Werkzeug', werkzeug)):
    print(f"{name}: {parse(sys.argv[1])['session']}")
PY
)

ruby=$(ruby - "$header" <<'RUBY'
require 'rack'
raise Rack.release unless Rack.release == '2.2.22'
puts "Rack: #{Rack::Utils.parse_cookies('HTTP_COOKIE' => ARGV[0])['session']}"
RUBY
)

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund cookie@1.0.2 next@15.5.6 >/dev/null
node=$(node - "$header" <<'JS'
const header = process.argv[2]
console.log(`cookie: ${require('cookie').parse(header).session}`)
const { NextRequest } = require('next/server')
console.log(`Next.js: ${new NextRequest('http://localhost/', { headers: { cookie: header } }).cookies.get('session').value}`)
JS
)

seen=$(printf '%s\n' "$python" "$ruby" "$node")
expected='Django: shorter-path
Starlette: shorter-path
Werkzeug: longer-path
Rack: longer-path
cookie: longer-path
Next.js: shorter-path'
echo "$seen"
[[ $seen == "$expected" ]] || { echo 'this is not what was seen before' >&2; exit 1; }
