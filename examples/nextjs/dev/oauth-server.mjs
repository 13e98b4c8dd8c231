/**
 * A stand-in for GitHub's OAuth, for the demo and the tests: it asks who to be, not for a password.
 * Loopback only; never part of a deployment.
 *
 *   PORT=4010 CLIENT_ID=demo CLIENT_SECRET=demo node dev/oauth-server.mjs
 */
import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'

const { PORT = '4010', CLIENT_ID = 'demo', CLIENT_SECRET = 'demo' } = process.env

const PEOPLE = {
  uma: { id: 1001, login: 'uma', name: 'Uma Castellanos', email: 'uma@example.com', avatar_url: null },
  oskar: { id: 1002, login: 'oskar', name: 'Oskar Dahl', email: 'oskar@example.com', avatar_url: null },
}

const codes = new Map()
const tokens = new Map()

const random = () => randomBytes(24).toString('base64url')
const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)

function page(url) {
  const choices = Object.values(PEOPLE).map(({ login, name, email }) => {
    const next = new URLSearchParams(url.searchParams)
    next.set('login', login)
    return `<a href="/login/oauth/authorize?${escape(next.toString())}"><b>${name}</b><span>${email}</span></a>`
  })
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Choose an account</title>
<meta name="viewport" content="width=device-width"><style>
:root{color-scheme:light dark;font:15px/1.5 Inter,system-ui,sans-serif}
body{display:grid;place-items:center;min-height:100vh;margin:0;background:light-dark(#f6f8fa,#0d1117)}
main{width:320px}h1{font-size:1.25rem;margin:0 0 .25rem}p{margin:0 0 1.25rem;opacity:.7}
a{display:flex;justify-content:space-between;padding:.8rem 1rem;margin-bottom:.5rem;border-radius:8px;
border:1px solid light-dark(#d1d9e0,#3d444d);background:light-dark(#fff,#151b23);color:inherit;text-decoration:none}
a:hover{border-color:#4493f8}span{opacity:.65}</style>
<main><h1>Choose an account</h1><p>Local stand-in for GitHub</p>${choices.join('')}</main></html>`
}

/** The application's callback: on this machine only, so that no code leaves it. */
function isOurs(redirect) {
  try {
    return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(redirect).hostname)
  } catch {
    return false
  }
}

function authorize(url) {
  const query = url.searchParams
  const redirect = query.get('redirect_uri')
  if (query.get('client_id') !== CLIENT_ID || !isOurs(redirect)) return [400, 'bad client']
  const person = PEOPLE[query.get('login')]
  if (!person) return [200, page(url), { 'content-type': 'text/html; charset=utf-8' }]
  const code = random()
  codes.set(code, { person, redirect, challenge: query.get('code_challenge') })
  const target = new URL(redirect)
  target.searchParams.set('code', code)
  if (query.has('state')) target.searchParams.set('state', query.get('state'))
  return [302, '', { location: target.href }]
}

function exchange(form, authorization) {
  const basic = Buffer.from(authorization?.replace(/^Basic /, '') ?? '', 'base64').toString()
  const [id, secret] = basic ? basic.split(':').map(decodeURIComponent) : [form.get('client_id'), form.get('client_secret')]
  const grant = codes.get(form.get('code'))
  codes.delete(form.get('code'))
  const verifier = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url')
  if (id !== CLIENT_ID || secret !== CLIENT_SECRET) return json(401, { error: 'invalid_client' })
  if (!grant || grant.redirect !== form.get('redirect_uri') || (grant.challenge && grant.challenge !== verifier)) {
    return json(400, { error: 'invalid_grant' })
  }
  const token = random()
  tokens.set(token, grant.person)
  return json(200, { access_token: token, token_type: 'bearer', scope: 'read:user,user:email' })
}

function profile(authorization) {
  const person = tokens.get(authorization?.replace(/^Bearer /i, ''))
  return person ? json(200, person) : json(401, { message: 'Bad credentials' })
}

const json = (status, body) => [status, JSON.stringify(body), { 'content-type': 'application/json' }]

async function respond(request) {
  const url = new URL(request.url, 'http://127.0.0.1')
  const { authorization } = request.headers
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /login/oauth/authorize':
      return authorize(url)
    case 'POST /login/oauth/access_token': {
      let body = ''
      for await (const chunk of request) {
        body += chunk
        if (body.length > 10000) return [413, '']
      }
      return exchange(new URLSearchParams(body), authorization)
    }
    case 'GET /api/v3/user':
      return profile(authorization)
    default:
      return [404, 'not found']
  }
}

createServer(async (request, response) => {
  const [status, body, headers = {}] = await respond(request).catch(() => [500, 'internal error'])
  response.writeHead(status, headers).end(body)
}).listen(Number(PORT), '127.0.0.1', () => console.log(`the OAuth stand-in listens on http://127.0.0.1:${PORT}`))
