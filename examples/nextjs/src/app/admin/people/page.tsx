import type { Metadata } from 'next'
import type { PoolClient } from 'pg'
import { Card, Heading, Nothing, Outcome, Search, time } from '@/components/admin'
import { Icon } from '@/components/icon'
import { State } from '@/components/state'
import { Submit } from '@/components/submit'
import { adminAction, adminPage, field, parameters, type Query } from '@/lib/admin'

export const metadata: Metadata = { title: 'People' }

interface Person {
  id: string
  name: string | null
  email: string | null
  roles: string[]
  sessions: number
}

interface Role {
  role: string
  tenant: string | null
  granted_at: Date
  sources: string[]
}

interface Session {
  session_id: string
  created_at: Date
  last_seen_at: Date
  expires_at: Date
  metadata: { device?: string }
  current: boolean
}

const PEOPLE = `
  SELECT u.id, u.name, u.email,
    ARRAY(SELECT DISTINCT r.role FROM session_auth.list_user_roles(u.id) r ORDER BY 1) AS roles,
    (SELECT count(*)::int FROM session_auth.list_sessions(u.id)) AS sessions
  FROM "User" u
  WHERE $1 = '' OR concat_ws(' ', u.id, u.name, u.email) ILIKE '%' || replace(replace($1, '%', ''), '_', '\\_') || '%'
  ORDER BY u.name, u.id LIMIT 50`

const back = (form: FormData) =>
  `/admin/people?${new URLSearchParams({ q: field(form, 'q') ?? '', user: field(form, 'user') ?? '' })}`

async function endSession(form: FormData) {
  'use server'
  await adminAction(back(form), 'The session has ended.', (database) =>
    database.query('SELECT session_auth.expire_session($1::uuid)', [field(form, 'session')]),
  )
}

async function endAll(form: FormData) {
  'use server'
  await adminAction(back(form), 'All sessions have ended.', (database) =>
    database.query('SELECT session_auth.expire_user_sessions($1::text)', [field(form, 'user')]),
  )
}

async function grantRole(form: FormData) {
  'use server'
  const role = field(form, 'role')
  await adminAction(back(form), `${role} is granted.`, (database) =>
    database.query('SELECT session_auth.grant_role($1::text, $2, $3)', [field(form, 'user'), role, field(form, 'tenant')]),
  )
}

async function revokeRole(form: FormData) {
  'use server'
  const role = field(form, 'role')
  await adminAction(back(form), `${role} is revoked.`, (database) =>
    database.query('SELECT session_auth.revoke_role($1::text, $2, $3)', [field(form, 'user'), role, field(form, 'tenant')]),
  )
}

/** What leads back to the same search and the same person. */
function Where({ q, user }: { q: string; user: string }) {
  return (
    <>
      <input type="hidden" name="q" value={q} />
      <input type="hidden" name="user" value={user} />
    </>
  )
}

function People({ people, q, user }: { people: Person[]; q: string; user: string }) {
  return (
    <div className="card scroll">
      <table>
        <thead>
          <tr>
            <th>Name</th>
            <th className="wide">Email</th>
            <th>Roles</th>
            <th className="number">Sessions</th>
          </tr>
        </thead>
        <tbody>
          {people.map((person) => (
            <tr key={person.id} aria-selected={person.id === user}>
              <td>
                <a className="row" href={`/admin/people?${new URLSearchParams({ q, user: person.id })}#person`}>
                  {person.name ?? person.id}
                </a>
              </td>
              <td className="wide muted">{person.email ?? '—'}</td>
              <td>
                <span className="pills">
                  {person.roles.length ? (
                    person.roles.map((role) => (
                      <span key={role} className="pill good">
                        {role}
                      </span>
                    ))
                  ) : (
                    <span className="pill">no role</span>
                  )}
                </span>
              </td>
              <td className="number">{person.sessions}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Roles({ roles, all, q, user }: { roles: Role[]; all: string[]; q: string; user: string }) {
  return (
    <Card title="Roles" lead="Each change counts from the next request on">
      {roles.length === 0 && <Nothing>No role.</Nothing>}
      <ul className="devices">
        {roles.map(({ role, tenant, granted_at, sources }) => (
          <li key={`${role} ${tenant}`}>
            <div>
              <strong>{role}</strong>
              {tenant && <span className="pill cool">{tenant}</span>}
              <p>
                {sources.length ? `a row of ${sources.join(', ')} says so` : `granted ${time.format(granted_at)} UTC`}
              </p>
            </div>
            {sources.length === 0 && (
              <form action={revokeRole} className="end">
                <Where q={q} user={user} />
                <input type="hidden" name="role" value={role} />
                <input type="hidden" name="tenant" value={tenant ?? ''} />
                <Submit className="danger small">
                  Revoke<span className="hidden"> {role}</span>
                </Submit>
              </form>
            )}
          </li>
        ))}
      </ul>
      <form action={grantRole} className="body ask foot">
        <Where q={q} user={user} />
        <label className="field">
          <span>Role</span>
          <select className="input" name="role">
            {all.map((role) => (
              <option key={role}>{role}</option>
            ))}
          </select>
        </label>
        <label className="field">
          <span>In the tenant</span>
          <input className="input" name="tenant" placeholder="everywhere" maxLength={200} />
        </label>
        <Submit>Grant role</Submit>
      </form>
    </Card>
  )
}

function Sessions({ sessions, q, user }: { sessions: Session[]; q: string; user: string }) {
  return (
    <Card
      title="Sessions"
      lead={sessions.length === 1 ? 'One is open' : `${sessions.length} are open`}
      actions={
        sessions.length > 0 && (
          <form action={endAll}>
            <Where q={q} user={user} />
            <Submit className="danger">End all sessions</Submit>
          </form>
        )
      }
    >
      {sessions.length === 0 && <Nothing>Nobody is logged in as this user.</Nothing>}
      <ul className="devices">
        {sessions.map((session) => (
          <li key={session.session_id}>
            <Icon name={/iOS|Android/.test(session.metadata.device ?? '') ? 'phone' : 'device'} size={22} />
            <div>
              <strong>{session.metadata.device ?? 'Unknown device'}</strong>
              {session.current && <span className="pill good">this session</span>}
              <p>
                Since {time.format(session.created_at)} · last seen {time.format(session.last_seen_at)} UTC
              </p>
            </div>
            <form action={endSession} className="end">
              <Where q={q} user={user} />
              <input type="hidden" name="session" value={session.session_id} />
              <Submit className="danger small">End</Submit>
            </form>
          </li>
        ))}
      </ul>
    </Card>
  )
}

async function Detail({ database, q, person }: { database: PoolClient; q: string; person: Person }) {
  const { rows: roles } = await database.query<Role>(
    'SELECT role, tenant, granted_at, sources::text[] FROM session_auth.list_user_roles($1)', [person.id])
  const { rows: sessions } = await database.query<Session>(
    `SELECT session_id, created_at, last_seen_at, expires_at, metadata,
       session_id = session_auth.session_id() AS current
     FROM session_auth.list_sessions($1::text) ORDER BY last_seen_at DESC`, [person.id])
  const { rows: [{ all }] } = await database.query<{ all: string[] }>(
    'SELECT ARRAY(SELECT jsonb_object_keys(session_auth.export_permissions()) ORDER BY 1) AS "all"')
  return (
    <section className="detail" id="person" aria-label={person.name ?? person.id}>
      <h2>
        {person.name ?? person.id} <span className="mono muted">{person.id}</span>
      </h2>
      <div className="columns">
        <Roles roles={roles} all={all} q={q} user={person.id} />
        <Sessions sessions={sessions} q={q} user={person.id} />
      </div>
    </section>
  )
}

export default async function PeoplePage({ searchParams }: { searchParams: Query }) {
  const get = await parameters(searchParams)
  const q = get('q')
  const user = get('user')
  return adminPage(async (database) => {
    const { rows: people } = await database.query<Person>(PEOPLE, [q])
    const person = people.find(({ id }) => id === user)
    return (
      <>
        <Heading title="People" lead="Users, the roles they have, and where they are logged in">
          <Search value={q} label="Search by name or email" />
        </Heading>
        <Outcome done={get('done')} refused={get('refused')} />
        {people.length ? (
          <People people={people} q={q} user={user} />
        ) : (
          <State kind="empty" title={`Nobody is called “${q}”`}>
            <p>No user has this in the name, the email address or the id.</p>
          </State>
        )}
        {person && (await Detail({ database, q, person }))}
      </>
    )
  })
}
