// better-auth with its admin and organization plugins on the database itself, alive: the tables are its own
// migrations', the database adopts them.
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { admin, organization } from 'better-auth/plugins'
import pg from 'pg'
import { asAdmin, cookiesOf, end, equal, tampered, userOf, versions } from './tap.mjs'

versions('better-auth', 'pg')
const pool = new pg.Pool({ user: process.env.ADMIN })
const auth = betterAuth({
  secret: process.env.SECRET_KEY, baseURL: 'http://localhost:3000', database: pool, emailAndPassword: { enabled: true },
  session: { cookieCache: { enabled: true, maxAge: 300 } }, plugins: [admin(), organization()],
  logger: { disabled: true }, telemetry: { enabled: false },
})
await (await getMigrations(auth.options)).runMigrations()
await asAdmin("SELECT session_auth.add_cookie_secret('better-auth', $1)", process.env.SECRET_KEY)
for (const statement of [
  `SELECT session_auth.adopt_sessions('session', 'token', 'userId', 'expiresAt', tenant_column => 'activeOrganizationId')`,
  `SELECT session_auth.adopt_roles('"user"', 'id', 'role', separator => ',')`,
  `SELECT session_auth.adopt_roles('member', 'userId', 'role', tenant_column => 'organizationId', separator => ',')`,
]) await asAdmin(statement)

const signUp = async (name) => cookiesOf(await auth.api.signUpEmail({ body: { name, email: `${name}@example.com`, password: 'correct horse' }, asResponse: true }))
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

await auth.api.signOut({ headers })
equal(await userOf(token), null, 'she signs out: the database refuses her token')
equal(await userOf(her), null, 'and the cache with it, which is still good')
equal(await userOf(his), uwe, 'his goes on')
await auth.api.revokeSessions({ headers: new Headers({ cookie: his }) })
equal(await userOf(his), null, 'he ends all his sessions: refused')
await pool.end()
await end()
