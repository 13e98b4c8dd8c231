import type { Metadata } from 'next'
import type { PoolClient } from 'pg'
import { sqlState } from 'session-auth'
import { Card, Heading, Outcome } from '@/components/admin'
import { adminPage, parameters, type Query } from '@/lib/admin'

export const metadata: Metadata = { title: 'Explain' }

interface Line {
  policy: string | null
  command: string | null
  kind: string
  condition: string | null
  holds: boolean | null
  reason: string | null
}

interface Question {
  table: string
  action: string
  user: string
  row: string
}

const ACTIONS = ['view', 'create', 'edit', 'delete']

const ANSWERS = new Map<boolean | null, [string, string]>([
  [true, ['yes', 'good']],
  [false, ['no', 'bad']],
  [null, ['it depends', 'caution']],
])

function Answer({ holds }: { holds: boolean | null }) {
  const [word, tone] = ANSWERS.get(holds)!
  return <span className={`pill ${tone}`}>{word}</span>
}

function Ask({ tables, people, asked }: { tables: string[]; people: { id: string; name: string | null }[]; asked: Question }) {
  return (
    <form className="card body ask five filters">
      <label className="field">
        <span>User</span>
        <input className="input" name="user" list="people" defaultValue={asked.user} required maxLength={200} />
        <datalist id="people">
          {people.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </datalist>
      </label>
      <label className="field">
        <span>Action</span>
        <select className="input" name="action" defaultValue={asked.action}>
          {ACTIONS.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>Table</span>
        <select className="input" name="table" defaultValue={asked.table}>
          {tables.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>Row</span>
        <input className="input mono" name="row" defaultValue={asked.row} placeholder={'{"id": 1}'} maxLength={200} />
      </label>
      <button className="button primary">Explain</button>
    </form>
  )
}

function Verdicts({ lines }: { lines: Line[] }) {
  return (
    <ul className="findings">
      {lines.map(({ condition, holds, reason }) => (
        <li key={condition}>
          <Answer holds={holds} />
          <div>
            As database role <strong className="mono">{condition}</strong>
            <p>{reason}</p>
          </div>
        </li>
      ))}
    </ul>
  )
}

function Lines({ lines }: { lines: Line[] }) {
  return (
    <ul className="findings">
      {lines.map(({ policy, command, kind, condition, holds, reason }, n) => (
        <li key={n}>
          <Answer holds={holds} />
          <div>
            <strong>{policy ?? kind}</strong> <span className="muted">{[policy && kind, command].filter(Boolean).join(' · ')}</span>
            {condition && <pre className="mono">{condition}</pre>}
            <p>{reason}</p>
          </div>
        </li>
      ))}
    </ul>
  )
}

/** A row that is no JSON, or a user's bad id, is an answer too. The transaction goes on behind a savepoint. */
async function explain(database: PoolClient, { table, action, user, row }: Question) {
  try {
    await database.query('SAVEPOINT question')
    const { rows } = await database.query<Line>(
      'SELECT * FROM session_auth.explain_access($1::regclass, $2, $3::text, $4::jsonb)', [table, action, user, row || null])
    return { lines: rows, refused: '' }
  } catch (error) {
    if (!/^22/.test(sqlState(error) ?? '')) throw error
    await database.query('ROLLBACK TO SAVEPOINT question')
    const { message, detail } = error as { message: string; detail?: string }
    return { lines: [], refused: [message, detail].filter(Boolean).join('. ') }
  }
}

export default async function Explain({ searchParams }: { searchParams: Query }) {
  const get = await parameters(searchParams)
  return adminPage(async (database) => {
    const { rows: tables } = await database.query<{ name: string }>(
      'SELECT DISTINCT object::text AS name FROM session_auth.list_protected() ORDER BY 1')
    const { rows: people } = await database.query<{ id: string; name: string | null }>(
      'SELECT id, name FROM "User" ORDER BY name LIMIT 200')
    const names = tables.map(({ name }) => name)
    const asked = {
      user: get('user'),
      row: get('row'),
      action: ACTIONS.includes(get('action')) ? get('action') : 'view',
      table: names.includes(get('table')) ? get('table') : names[0],
    }
    const { lines, refused } = asked.user && asked.table ? await explain(database, asked) : { lines: [], refused: '' }
    const verdicts = lines.filter(({ kind }) => kind === 'verdict')
    return (
      <>
        <Heading title="Explain" lead="Why a user sees a row, or none; each question is recorded" />
        <Ask tables={names} people={people} asked={asked} />
        <Outcome done="" refused={refused} />
        {verdicts.length > 0 && (
          <Card title={`May ${asked.user} ${asked.action} ${asked.table}?`} lead={asked.row || 'Any row'}>
            <Verdicts lines={verdicts} />
          </Card>
        )}
        {lines.length > 0 && (
          <Card title="How that comes about" lead="Each policy, its condition, and whether it holds">
            <Lines lines={lines.filter(({ kind }) => kind !== 'verdict')} />
          </Card>
        )}
      </>
    )
  })
}
