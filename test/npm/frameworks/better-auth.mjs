// better-auth with its admin and organization plugins on the database itself, alive: the tables are its own
// migrations', the database adopts them.
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { admin, organization } from 'better-auth/plugins'
import pg from 'pg'
import { asAdmin, cookiesOf, end, equal, tampered, userOf, versions } from './tap.mjs'

versions('better-auth', 'pg')
const pool = new pg.Pool({ user: process.env.ADMIN })
const shop = (strategy) => betterAuth({
  secret: process.env.SECRET_KEY, baseURL: 'http://localhost:3000', database: pool, emailAndPassword: { enabled: true },
  session: { cookieCache: { enabled: true, maxAge: 300, strategy } }, plugins: [admin(), organization()],
  logger: { disabled: true }, telemetry: { enabled: false },
})
const strategies = Object.fromEntries(['compact', 'jwt', 'jwe'].map((strategy) => [strategy, shop(strategy)]))
const auth = strategies.compact
await (await getMigrations(auth.options)).runMigrations()
await asAdmin("SELECT session_auth.add_cookie_secret('better-auth', $1)", process.env.SECRET_KEY)
for (const statement of [
  `SELECT session_auth.adopt_sessions('session', 'token', 'userId', 'expiresAt', tenant_column => 'activeOrganizationId')`,
  `SELECT session_auth.adopt_roles('"user"', 'id', 'role', separator => ',')`,
  `SELECT session_auth.adopt_roles('member', 'userId', 'role', tenant_column => 'organizationId', separator => ',')`,
]) await asAdmin(statement)

const signUp = async (name) => cookiesOf(await auth.api.signUpEmail({ body: { name, email: `${name}@example.com`, password: 'correct horse' }, asResponse: true }))
const signIn = async (name) => cookiesOf(await auth.api.signInEmail({ body: { email: `${name}@example.com`, password: 'correct horse' }, asResponse: true }))
const idOf = (name) => asAdmin('SELECT id FROM "user" WHERE name = $1', name)
const whole = (cookie) => asAdmin("SELECT to_jsonb(a) - 'session_id' - 'expires_at' FROM session_auth.authenticate_request($1, NULL, on_refused => 'nobody') a", cookie)

const her = await signUp('ada')
const his = await signUp('uwe')
const [ada, uwe] = [await idOf('ada'), await idOf('uwe')]
equal(await userOf(her), ada, 'the database finds her in her cookies')
equal(await userOf(his), uwe, 'him in his')
const token = her.split('; ').find((cookie) => cookie.includes('session_token'))
equal(await userOf(token), ada, 'in the signed token alone, too')
equal(await userOf(tampered(token)), null, 'a tampered one is refused')
equal((await whole(her)).roles, ['user'], "her role is the admin plugin's")
await asAdmin(`UPDATE "user" SET role = 'admin' WHERE id = $1`, ada)
equal((await whole(her)).roles, ['admin'], 'a change of it counts at once, whatever the cache in the cookie says')

const headers = new Headers({ cookie: token })
const { id: organizationId } = await auth.api.createOrganization({ body: { name: 'Shop', slug: 'shop' }, headers })
await auth.api.setActiveOrganization({ body: { organizationId }, headers })
const inside = await whole(token)
equal([inside.tenant, inside.roles.sort()], [organizationId, ['admin', 'owner']], 'the active organization is the tenant, and her role in it holds')

// An administrator acts as somebody else: actor() says so, whatever the strategy of the cache.
const within = async (cookie, question) => {
  await asAdmin('BEGIN')
  await asAdmin("SELECT user_id FROM session_auth.authenticate_request($1, NULL, on_refused => 'nobody')", cookie)
  const answer = await asAdmin(question)
  await asAdmin('COMMIT')
  return answer
}
const actor = 'SELECT session_auth.actor()'
const kim = await signUp('kim')
const kimId = await idOf('kim')
await auth.api.addMember({ body: { userId: kimId, organizationId, role: 'member' } })
for (const [strategy, its] of Object.entries(strategies)) {
  const tokenOf = (cookies) => cookies.split('; ').find((cookie) => cookie.includes('session_token'))
  const acting = cookiesOf(await its.api.impersonateUser({ body: { userId: kimId }, headers, asResponse: true }))
  const served = await its.api.getSession({ headers: new Headers({ cookie: acting }) })
  equal([served.session.userId, served.session.impersonatedBy], [kimId, ada], `${strategy}: better-auth lets her act as kim`)
  equal([await userOf(acting), await within(acting, actor)], [kimId, ada], `${strategy}: the database says who acts`)
  equal([await userOf(tokenOf(acting)), await within(tokenOf(acting), actor)], [kimId, ada], `${strategy}: without the cache, too`)
  const both = cookiesOf(await its.api.setActiveOrganization({ body: { organizationId }, headers: new Headers({ cookie: acting }), asResponse: true }), acting)
  equal((await whole(both)).tenant, organizationId, `${strategy}: the active organization in cache and row`)
  equal((await whole(acting)).tenant, organizationId, `${strategy}: a cache from before, and the row`)
  equal(await asAdmin("SELECT user_id FROM session_auth.authenticate_request($1, NULL, tenant => 'elsewhere', on_refused => 'nobody')", acting), null, `${strategy}: and no other one`)
  // What the cache says by itself, where the table is not adopted.
  await asAdmin("SELECT session_auth.abandon('session')")
  equal([(await whole(both)).tenant, await within(both, actor)], [organizationId, ada], `${strategy}: the cache says both by itself`)
  equal([(await whole(acting)).tenant, await within(acting, actor)], [null, ada], `${strategy}: one from before no organization`)
  await asAdmin(`SELECT session_auth.adopt_sessions('session', 'token', 'userId', 'expiresAt', tenant_column => 'activeOrganizationId')`)
  await its.api.revokeUserSession({ body: { sessionToken: served.session.token }, headers })
  equal(await userOf(both), null, `${strategy}: it is over`)
}
equal([await userOf(kim), await within(kim, actor)], [kimId, null], 'in kim\'s own session nobody else acts')

// A ban ends what there is; its end brings nothing back.
await auth.api.banUser({ body: { userId: kimId }, headers })
equal(await userOf(kim), null, 'kim is banned: the database refuses token and cache')
const refused = await auth.api.signInEmail({ body: { email: 'kim@example.com', password: 'correct horse' }, asResponse: true })
equal(refused.status, 403, 'better-auth lets kim not in either')
await auth.api.unbanUser({ body: { userId: kimId }, headers })
equal(await userOf(kim), null, 'the end of the ban brings nothing back')
const again = await signIn('kim')
equal(await userOf(again), kimId, 'a new sign-in is good')
await asAdmin(`UPDATE "user" SET banned = true, "banExpires" = now() + interval '2 seconds' WHERE id = $1`, kimId)
equal(await userOf(again), null, 'a ban by SQL, which leaves better-auth\'s own row')
for (let left = 1; left > 0;) {
  left = Number(await asAdmin(`SELECT extract(epoch FROM "banExpires" - clock_timestamp()) FROM "user" WHERE id = $1`, kimId))
  if (left > 0) await new Promise((done) => setTimeout(done, left * 1000 + 50))
}
equal(await userOf(again), null, 'when its time is over that session stays ended')
const later = await signIn('kim')
equal(await userOf(later), kimId, 'better-auth lifts the ban at the next sign-in, and the database follows')
equal(await asAdmin('SELECT count(*)::int FROM session_auth.bans WHERE until > clock_timestamp()'), 0, 'nobody is banned')

await auth.api.signOut({ headers })
equal(await userOf(token), null, 'she signs out: the database refuses her token')
equal(await userOf(her), null, 'and the cache with it, which is still good')
equal(await userOf(his), uwe, 'his goes on')
await auth.api.revokeSessions({ headers: new Headers({ cookie: his }) })
equal(await userOf(his), null, 'he ends all his sessions: refused')
await pool.end()
await end()
