import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { httpStatus } from 'session-auth'
import { auth, signOut } from '@/auth'
import { Icon } from '@/components/icon'
import { Submit } from '@/components/submit'
import { db } from '@/lib/db'
import { explain, type Verdict } from '@/lib/permission'

export const metadata: Metadata = { title: 'Session & devices' }

interface Identity {
  user_id: string
  roles: string[]
  session_id: string
  expires_at: Date
}

interface Device {
  session_id: string
  created_at: Date
  last_seen_at: Date
  current: boolean
  metadata: { device?: string }
}

const ACTIONS = ['view', 'create', 'edit', 'delete']

const time = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })

async function logOutOthers() {
  'use server'
  await db.$executeRaw`SELECT session_auth.sign_out('others')`
  redirect('/dashboard/sessions?ended=others')
}

async function logOutEverywhere() {
  'use server'
  await db.$executeRaw`SELECT session_auth.sign_out('global')`
  // The session is over; what is left is this browser's cookie.
  await signOut({ redirectTo: '/login?out=everywhere' })
}

async function readSessions() {
  try {
    const [[identity], devices] = await db.$transaction([
      db.$queryRaw<Identity[]>`
        SELECT session_auth.user_id() AS user_id, session_auth.roles() AS roles,
               session_auth.session_id()::text AS session_id,
               (SELECT s.expires_at FROM session_auth.my_sessions() s WHERE s.current) AS expires_at`,
      db.$queryRaw<Device[]>`
        SELECT session_id::text, created_at, last_seen_at, current, metadata
        FROM session_auth.my_sessions() ORDER BY current DESC, last_seen_at DESC`,
    ])
    return { identity, devices }
  } catch (error) {
    if (httpStatus(error) === 401) redirect('/login')
    throw error
  }
}

function Verdict({ verdict, asked }: { verdict: Verdict; asked: string }) {
  return (
    <div className="verdict" role="status">
      <span className={`pill ${verdict.allowed ? 'good' : 'bad'}`}>
        {verdict.allowed ? 'allowed' : 'denied'}
      </span>
      <code>{asked}</code>
      <span data-testid="reason">{verdict.reason}</span>
    </div>
  )
}

export default async function Sessions({
  searchParams,
}: {
  searchParams: Promise<{ action?: string; resource?: string; ended?: string }>
}) {
  const query = await searchParams
  const session = await auth()
  const { identity, devices } = await readSessions()
  const action = ACTIONS.includes(query.action ?? '') ? String(query.action) : 'view'
  const resource = String(query.resource ?? '').trim().slice(0, 100)
  const verdict = resource ? await explain(action, resource) : null

  return (
    <>
      <div className="heading">
        <div>
          <h1>Session &amp; devices</h1>
          <p className="lead">Who the database takes you for, and where else you are logged in</p>
        </div>
      </div>

      {query.ended === 'others' && (
        <p className="notice" role="status">
          <Icon name="check" size={18} />
          Your other devices are logged out.
        </p>
      )}

      <section className="card">
        <header>
          <h2>Logged in as</h2>
          <div className="actions">
            {identity.roles.length ? (
              identity.roles.map((role) => (
                <span key={role} className="pill good" data-testid="role">
                  {role}
                </span>
              ))
            ) : (
              <span className="pill">no role</span>
            )}
          </div>
        </header>
        <dl className="body facts">
          <div>
            <dt>Name</dt>
            <dd>{session?.user?.name ?? '—'}</dd>
          </div>
          <div>
            <dt>Email</dt>
            <dd>{session?.user?.email ?? '—'}</dd>
          </div>
          <div>
            <dt>User</dt>
            <dd className="mono">{identity.user_id}</dd>
          </div>
          <div>
            <dt>Session ends</dt>
            <dd>{time.format(identity.expires_at)} UTC</dd>
          </div>
        </dl>
      </section>

      <section className="card">
        <header>
          <div>
            <h2>Devices</h2>
            <p>
              {devices.length === 1 ? 'One session is open' : `${devices.length} sessions are open`}
            </p>
          </div>
          <div className="actions">
            {devices.length > 1 && (
              <form action={logOutOthers}>
                <Submit>Log out other devices</Submit>
              </form>
            )}
            <form action={logOutEverywhere}>
              <Submit className="danger">Log out everywhere</Submit>
            </form>
          </div>
        </header>
        <ul className="devices">
          {devices.map((device) => (
            <li key={device.session_id}>
              <Icon name={/iOS|Android/.test(device.metadata.device ?? '') ? 'phone' : 'device'} size={22} />
              <div>
                <strong>{device.metadata.device ?? 'Unknown device'}</strong>
                {device.current && <span className="pill good">this device</span>}
                <p>
                  Logged in {time.format(device.created_at)} · last seen{' '}
                  {time.format(device.last_seen_at)} UTC
                </p>
              </div>
            </li>
          ))}
        </ul>
      </section>

      <section className="card">
        <header>
          <div>
            <h2>What may I do?</h2>
            <p>Asks explain_permission: which grant decides, or why there is none</p>
          </div>
        </header>
        <div className="body">
          <form className="ask">
            <label className="field">
              <span>Action</span>
              <select className="input" name="action" defaultValue={action}>
                {ACTIONS.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
            <label className="field">
              <span>Resource</span>
              <input
                className="input"
                name="resource"
                defaultValue={resource || 'accounts'}
                maxLength={100}
                required
              />
            </label>
            <button className="button">Explain</button>
          </form>
          {verdict && <Verdict verdict={verdict} asked={`${action}:${resource}`} />}
        </div>
      </section>
    </>
  )
}
