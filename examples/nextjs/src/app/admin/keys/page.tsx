import type { Metadata } from 'next'
import { Card, Heading, Nothing, time } from '@/components/admin'
import { adminPage } from '@/lib/admin'

export const metadata: Metadata = { title: 'Keys' }

interface Key {
  kid: string | null
  algorithm: string
  issuer: string | null
  state: string
  valid_until: Date | null
  fingerprint: string | null // a secret has none
}

interface Secret {
  kind: string
  names: string[] | null
  since: Date
}

interface Usage {
  database_role: string
  usages: string[]
}

function Keys({ keys }: { keys: Key[] }) {
  if (!keys.length) return <Nothing>No key of an issuer is trusted.</Nothing>
  return (
    <div className="scroll">
      <table>
        <thead>
          <tr>
            <th>Key</th>
            <th>Algorithm</th>
            <th className="wide">Issuer</th>
            <th>State</th>
            <th className="wide">Ends</th>
            <th className="wide">Fingerprint</th>
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <tr key={`${key.issuer} ${key.kid}`}>
              <td className="mono">{key.kid ?? '—'}</td>
              <td>{key.algorithm}</td>
              <td className="wide muted">{key.issuer ?? '—'}</td>
              <td>
                <span className={`pill ${key.state === 'active' ? 'good' : ''}`}>{key.state}</span>
              </td>
              <td className="wide muted">{key.valid_until ? time.format(key.valid_until) : 'never'}</td>
              <td className="wide mono muted">{key.fingerprint ? `${key.fingerprint.slice(0, 16)}…` : '—'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Secrets({ secrets }: { secrets: Secret[] }) {
  if (!secrets.length) return <Nothing>No secret of a framework is set up.</Nothing>
  return (
    <ul className="devices">
      {secrets.map(({ kind, names, since }) => (
        <li key={`${kind} ${since.toISOString()}`}>
          <div>
            <strong>{kind}</strong>
            {names?.map((name) => (
              <span key={name} className="said">
                <code>{name}</code>
              </span>
            ))}
            <p>since {time.format(since)} UTC</p>
          </div>
        </li>
      ))}
    </ul>
  )
}

function Usages({ usages }: { usages: Usage[] }) {
  return (
    <ul className="devices">
      {usages.map(({ database_role, usages }) => (
        <li key={database_role}>
          <div>
            <strong className="mono">{database_role}</strong>
            {usages.map((usage) => (
              <span key={usage} className="pill cool">
                {usage}
              </span>
            ))}
          </div>
        </li>
      ))}
    </ul>
  )
}

export default async function KeysPage() {
  return adminPage(async (database) => {
    const { rows: keys } = await database.query<Key>(
      'SELECT kid, algorithm, issuer, state, valid_until, fingerprint FROM session_auth.list_keys()')
    const { rows: secrets } = await database.query<Secret>('SELECT * FROM session_auth.list_secrets()')
    const { rows: usages } = await database.query<Usage>(
      'SELECT database_role::text, array_agg(usage) AS usages FROM session_auth.list_usages() GROUP BY 1 ORDER BY 1')
    return (
      <>
        <Heading title="Keys" lead="Whose tokens are trusted. A secret is shown nowhere, by name alone" />
        <Card title="Keys of issuers" lead="Signed tokens (JWT)">
          <Keys keys={keys} />
        </Card>
        <div className="columns">
          <Card title="Secrets of frameworks" lead="Cookies that are signed or encrypted">
            <Secrets secrets={secrets} />
          </Card>
          <Card title="Database roles" lead="What each may call">
            <Usages usages={usages} />
          </Card>
        </div>
      </>
    )
  })
}
