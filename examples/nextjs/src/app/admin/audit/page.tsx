import type { Metadata } from 'next'
import { Heading, time } from '@/components/admin'
import { State } from '@/components/state'
import { adminPage, parameters, type Query } from '@/lib/admin'

export const metadata: Metadata = { title: 'Audit' }

interface Event {
  event_id: string
  at: Date
  event: string
  user_id: string | null
  actor: string | null
  detail: Record<string, unknown> | null
}

/** What names of events begin with, as the documentation groups them. */
const KINDS: Record<string, string[]> = {
  sessions: ['session_'],
  denials: ['denied'],
  impersonation: ['impersonated', 'access_'],
  permissions: ['permission_', 'denial_'],
  roles: ['role_', 'roles_'],
  usages: ['usage_'],
  keys: ['key_', 'jwks_', 'token_', 'authjs_', 'cookie_'],
}

const SINCE = { '1 hour': 'the last hour', '1 day': 'the last day', '7 days': 'the last week', '90 days': 'all' }

const EVENTS = `
  SELECT event_id::text, at, event, user_id, actor, detail FROM session_auth.session_events
  WHERE at > now() - $1::interval
    AND ($2 = '' OR $2 IN (user_id, actor))
    AND (cardinality($3::text[]) = 0 OR EXISTS (SELECT FROM unnest($3::text[]) k WHERE starts_with(event, k)))
  ORDER BY at DESC LIMIT 100`

const TONES: [RegExp, string][] = [
  [/^denied|_ended$|_revoked$|_dropped$|^denial_/, 'bad'],
  [/^impersonated|^access_/, 'caution'],
  [/_created$|_granted$|_added$|_adopted$/, 'good'],
]

function Filters({ kind, user, since }: { kind: string; user: string; since: string }) {
  return (
    <form className="card body ask four filters">
      <label className="field">
        <span>What</span>
        <select className="input" name="kind" defaultValue={kind}>
          <option value="">everything</option>
          {Object.keys(KINDS).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>User or actor</span>
        <input className="input" name="user" defaultValue={user} placeholder="anybody" maxLength={200} />
      </label>
      <label className="field">
        <span>When</span>
        <select className="input" name="since" defaultValue={since}>
          {Object.entries(SINCE).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <button className="button">Filter</button>
    </form>
  )
}

function Detail({ detail }: { detail: Event['detail'] }) {
  const said = Object.entries(detail ?? {}).filter(([, value]) => value !== null)
  return (
    <span className="pills">
      {said.map(([name, value]) => (
        <span key={name} className="said">
          {name} <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>
        </span>
      ))}
    </span>
  )
}

function Trail({ events }: { events: Event[] }) {
  return (
    <ol className="card trail">
      {events.map(({ event_id, at, event, user_id, actor, detail }) => (
        <li key={event_id}>
          <time dateTime={at.toISOString()}>{time.format(at)}</time>
          <span className={`pill ${TONES.find(([names]) => names.test(event))?.[1] ?? ''}`}>
            {event.replaceAll('_', ' ')}
          </span>
          <span className="whose">
            {user_id && <strong>{user_id}</strong>}
            {actor && actor !== user_id && <span className="muted">by {actor}</span>}
          </span>
          <Detail detail={detail} />
        </li>
      ))}
    </ol>
  )
}

export default async function Audit({ searchParams }: { searchParams: Query }) {
  const get = await parameters(searchParams)
  const kind = Object.hasOwn(KINDS, get('kind')) ? get('kind') : ''
  const since = Object.hasOwn(SINCE, get('since')) ? get('since') : '1 day'
  const user = get('user')
  return adminPage(async (database) => {
    const { rows: events } = await database.query<Event>(EVENTS, [since, user, KINDS[kind] ?? []])
    return (
      <>
        <Heading title="Audit" lead="What was done, and by whom; times are UTC" />
        <Filters kind={kind} user={user} since={since} />
        {events.length ? (
          <Trail events={events} />
        ) : (
          <State kind="empty" title="Nothing was recorded">
            <p>No event is of this kind, of this user and of this time.</p>
          </State>
        )}
        {events.length === 100 && <p className="lead">These are the newest hundred; filter to see others.</p>}
      </>
    )
  })
}
