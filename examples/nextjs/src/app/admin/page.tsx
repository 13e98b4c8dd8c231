import { Bars, Card, Heading, Hours, Nothing, count, time } from '@/components/admin'
import { adminPage } from '@/lib/admin'

interface Statistics {
  live_sessions: number
  ended_sessions: number
  purgeable_sessions: number
  created: number | null
  verified: number | null
  refused: number | null
  refused_by_reason: Record<string, number> | null
  denied: number | null
  cache_bytes: number | null
  last_purge: Date | null
}

interface Finding {
  severity: 'error' | 'warning'
  object: string
  problem: string
  advice: string
}

const STATISTICS = `
  SELECT live_sessions::int, ended_sessions::int, purgeable_sessions::int, created::int, verified::int, refused::int,
    refused_by_reason, denied::int, cache_bytes::int, last_purge
  FROM session_auth.statistics`

// A denial that came several times is one event with its count.
const HOURS = `
  SELECT k.kind, array_agg(coalesce(n.n, 0) ORDER BY h.hour)::int[] AS values
  FROM unnest($1::text[]) k (kind)
  CROSS JOIN generate_series(date_trunc('hour', now()) - interval '23 hours', now(), interval '1 hour') h (hour)
  LEFT JOIN LATERAL (
    SELECT sum(coalesce((e.detail ->> 'count')::bigint, 1)) AS n FROM session_auth.session_events e
    WHERE starts_with(e.event, k.kind) AND e.at >= h.hour AND e.at < h.hour + interval '1 hour') n ON true
  GROUP BY k.kind`

const KINDS = { session_created: 'Logins', session_ended: 'Sessions ended', denied: 'Denials' }

/** A counter of the server's shared memory, where there is one. */
const counted = (value: number | null) => (value === null ? '—' : count.format(value))

function Figures({ figures }: { figures: Statistics }) {
  return (
    <dl className="card figures four">
      <div>
        <dt>Open sessions</dt>
        <dd>{count.format(figures.live_sessions)}</dd>
      </div>
      <div>
        <dt>Tokens accepted</dt>
        <dd>{counted(figures.verified)}</dd>
      </div>
      <div>
        <dt>Tokens refused</dt>
        <dd>{counted(figures.refused)}</dd>
      </div>
      <div>
        <dt>Denials</dt>
        <dd>{counted(figures.denied)}</dd>
      </div>
    </dl>
  )
}

function Refusals({ reasons }: { reasons: Statistics['refused_by_reason'] }) {
  if (!reasons) return <Nothing>Counters need shared_preload_libraries = &apos;session_auth&apos;.</Nothing>
  const bars = Object.entries(reasons).sort(([, a], [, b]) => b - a)
  if (!bars.length) return <Nothing>No token was refused since the server started.</Nothing>
  return <Bars bars={bars.map(([label, value]) => ({ label: label.replaceAll('_', ' '), value, tone: 'bad' }))} />
}

function Findings({ findings }: { findings: Finding[] }) {
  if (!findings.length) return <Nothing>check_policies finds nothing wrong.</Nothing>
  return (
    <ul className="findings">
      {findings.map(({ severity, object, problem, advice }) => (
        <li key={object + problem}>
          <span className={`pill ${severity === 'error' ? 'bad' : 'caution'}`}>{severity}</span>
          <div>
            <strong className="mono">{object}</strong> {problem}.
            <p>{advice}</p>
          </div>
        </li>
      ))}
    </ul>
  )
}

export default async function Overview() {
  return adminPage(async (database) => {
    const { rows: [figures] } = await database.query<Statistics>(STATISTICS)
    const { rows: hours } = await database.query<{ kind: string; values: number[] }>(HOURS, [Object.keys(KINDS)])
    const { rows: findings } = await database.query<Finding>('SELECT * FROM session_auth.check_policies()')
    return (
      <>
        <Heading
          title="Overview"
          lead={figures.last_purge ? `Last purged ${time.format(figures.last_purge)} UTC` : 'This database, now'}
        />
        <Figures figures={figures} />
        <div className="columns">
          <Card title="Sessions" lead="Rows of this database">
            <Bars
              bars={[
                { label: 'open', value: figures.live_sessions },
                { label: 'ended', value: figures.ended_sessions, tone: 'plain' },
                { label: 'to purge', value: figures.purgeable_sessions, tone: 'caution' },
              ]}
            />
          </Card>
          <Card title="Refused tokens" lead="By reason, since the server started">
            <Refusals reasons={figures.refused_by_reason} />
          </Card>
        </div>
        <Card title="The last 24 hours" lead="From the audit trail, hour by hour">
          <div className="body plots">
            {Object.entries(KINDS).map(([kind, label]) => (
              <Hours key={kind} label={label} values={hours.find((row) => row.kind === kind)?.values ?? []} />
            ))}
          </div>
        </Card>
        <Card title="Findings" lead="What check_policies says of this database">
          <Findings findings={findings} />
        </Card>
      </>
    )
  })
}
