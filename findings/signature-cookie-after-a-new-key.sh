#!/usr/bin/env bash
# A new key takes the end, SameSite and the domain off the signature's cookie of cookie-session and koa-session.
#
# Versions: cookie-session 2.1.1, koa 3.3.0 with koa-session 7.0.2, cookies 0.9.1, which both use; tough-cookie 6.1.0 is the browser.
# Behaviour: a cookie that an older key has signed is accepted, and its signature set anew by the newest, by a Set-Cookie for
# NAME.sig alone, without the attributes that the application gives its cookies. So the session lasts for days still, and its
# signature until the browser is closed. With a domain the new one is a second cookie beside the old one, which is sent
# first and read: it is set again with each visit, and never comes to count.
# Seen: maxAge of a day, SameSite=Strict; after a visit with both keys, which only reads: "NAME.sig=…; path=/; httponly"; the browser
#       closed and opened: nobody. With the domain shop.test: ada, but by the new key alone nobody
# Matters to: whoever adds a key and expects that nobody notices: users are logged out one by one as they close the browser, and with
# a domain all at once when the old key goes. A visit that changes the session sets both cookies as they should be.
#
# Installs the packages in a temporary folder, and fails when one answers otherwise.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund cookie-session@2.1.1 koa@3.3.0 koa-session@7.0.2 cookies@0.9.1 tough-cookie@6.1.0 >/dev/null

cat >signature.mjs <<'JS'
import { createServer, request as get } from 'node:http'
import cookieSession from 'cookie-session'
import Koa from 'koa'
import koaSession from 'koa-session'
import { CookieJar } from 'tough-cookie'

function page(session, path) {
  if (path === '/login') session.user = 'ada'
  return session.user ?? 'nobody'
}

/** For each library: an application with these keys, the newest first. */
const libraries = {
  'cookie-session': (keys, options) => {
    const middleware = cookieSession({ name: 'session', keys, ...options })
    return createServer((request, response) => middleware(request, response, () => response.end(page(request.session, request.url))))
  },
  'koa-session': (keys, options) => {
    const app = new Koa()
    app.keys = keys
    app.use(koaSession({ key: 'session', ...options }, app))
    app.use((context) => {
      context.body = page(context.session, context.path)
    })
    return createServer(app.callback())
  },
}

const SHOP = 'http://www.shop.test/'

/** A browser that visits a path of an application: who is there, and the attributes of the cookies that are set. */
async function visit(jar, server, path) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const headers = { host: 'www.shop.test', cookie: await jar.getCookieString(SHOP) }
  const response = await new Promise((resolve) => get({ host: '127.0.0.1', port: server.address().port, path, headers }, resolve).end())
  const who = (await response.toArray()).join('')
  server.close()
  const cookies = response.headers['set-cookie'] ?? []
  for (const cookie of cookies) await jar.setCookie(cookie, SHOP)
  return [who, cookies.map((cookie) => cookie.replace(/=[^;]*/, '=…').replace(/expires=[^;]*/, 'expires=…')).join(', ')]
}

/** The cookies that are there when the browser has been closed and opened. */
function closed(jar) {
  const { cookies, ...rest } = jar.serializeSync()
  return CookieJar.deserializeSync({ ...rest, cookies: cookies.filter(({ expires }) => expires) })
}

for (const [library, application] of Object.entries(libraries)) {
  for (const domain of [undefined, 'shop.test']) {
    const options = { maxAge: 24 * 3600_000, sameSite: 'strict', domain }
    const jar = new CookieJar()
    const [, atLogin] = await visit(jar, application(['old'], options), '/login')
    const [, then] = await visit(jar, application(['new', 'old'], options), '/')
    const [opened] = await visit(closed(jar), application(['new', 'old'], options), '/')
    const [alone] = await visit(jar, application(['new'], options), '/')
    console.log(`${library}, domain ${domain}: login sets ${atLogin}`)
    console.log(`  a visit with both keys sets ${then}; the browser opened again: ${opened}; by the new key alone: ${alone}`)
  }
}
JS

version=$(npm ls cookies --parseable --long | grep --only-matching 'cookies@[0-9.]*' | sort --unique)
[[ $version == cookies@0.9.1 ]] || { echo "this is $version" >&2; exit 1; }

set='path=/; expires=…'
expected=$(for library in cookie-session koa-session; do
    echo "$library, domain undefined: login sets session=…; $set; samesite=strict; httponly, session.sig=…; $set; samesite=strict; httponly"
    echo "  a visit with both keys sets session.sig=…; path=/; httponly; the browser opened again: nobody; by the new key alone: ada"
    echo "$library, domain shop.test: login sets session=…; $set; domain=shop.test; samesite=strict; httponly, session.sig=…; $set; domain=shop.test; samesite=strict; httponly"
    echo "  a visit with both keys sets session.sig=…; path=/; httponly; the browser opened again: ada; by the new key alone: nobody"
done)
seen=$(node signature.mjs)
echo "$seen"
[[ $seen == "$expected" ]] || { echo 'this is not what was seen before' >&2; exit 1; }
