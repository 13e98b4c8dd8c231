import type { Metadata } from 'next'
import { Card, Heading, Nothing, Outcome } from '@/components/admin'
import { Icon } from '@/components/icon'
import { Submit } from '@/components/submit'
import { adminAction, adminPage, field, parameters, type Query } from '@/lib/admin'

export const metadata: Metadata = { title: 'Permissions' }

type Effect = 'granted' | 'denied' | 'none'

interface Held {
  role: string
  action: string
  resource: string
  effect: 'allow' | 'deny'
  via_role: string
}

interface Access {
  object: string
  resource: string
  action: string
  role: string
  allowed: boolean
  via: string
}

/** One place of the matrix: what the role itself says, and what it inherits. */
interface Cell {
  role: string
  action: string
  resource: string
  own: Effect
  inherited: Held | undefined
}

const PAGE = '/admin/permissions'

const STATEMENTS = {
  grant: 'SELECT session_auth.grant_permission($1, $2, $3)',
  deny: 'SELECT session_auth.deny_permission($1, $2, $3)',
  revoke: 'SELECT session_auth.revoke_permission($1, $2, $3)',
}

const DONE = { grant: 'is granted to', deny: 'is denied to', revoke: 'is taken back from' }

async function change(form: FormData) {
  'use server'
  const to = field(form, 'to') as keyof typeof STATEMENTS
  const [role, action, resource] = ['role', 'action', 'resource'].map((name) => field(form, name))
  if (!Object.hasOwn(STATEMENTS, to)) return
  await adminAction(PAGE, `${action}:${resource} ${DONE[to]} ${role}.`, (database) =>
    database.query(STATEMENTS[to], [role, action, resource]),
  )
}

async function createRole(form: FormData) {
  'use server'
  const role = field(form, 'role')
  const parent = field(form, 'parent')
  await adminAction(PAGE, `The role ${role} is there.`, (database) =>
    database.query('SELECT session_auth.create_role($1, $2::text[])', [role, parent ? [parent] : []]),
  )
}

const WORDS: Record<Effect, string> = { granted: 'granted', denied: 'denied', none: 'not granted' }

function inWords({ own, inherited }: Cell) {
  if (own !== 'none' || !inherited) return WORDS[own]
  return `${inherited.effect === 'allow' ? 'granted' : 'denied'} by ${inherited.via_role}`
}

function Mark({ cell }: { cell: Cell }) {
  if (cell.own === 'granted') return <Icon name="check" size={18} />
  if (cell.own === 'denied') return <Icon name="cross" size={18} />
  if (cell.inherited) return <Icon name={cell.inherited.effect === 'allow' ? 'check' : 'cross'} size={15} />
  return <span aria-hidden="true">·</span>
}

/** A button that opens what can be said of its place; the browser closes it again. */
function Place({ cell }: { cell: Cell }) {
  const { role, action, resource, own, inherited } = cell
  const id = `place-${role}-${action}-${resource}`.replace(/[^\w-]/g, '_')
  const tone = own !== 'none' ? own : inherited ? `inherited ${inherited.effect === 'allow' ? 'granted' : 'denied'}` : 'none'
  return (
    <>
      <button
        type="button"
        className={`place ${tone}`}
        popoverTarget={id}
        aria-label={`${role}, ${action}:${resource}: ${inWords(cell)}`}
      >
        <Mark cell={cell} />
      </button>
      <form id={id} popover="auto" className="card choice" action={change}>
        <input type="hidden" name="role" value={role} />
        <input type="hidden" name="action" value={action} />
        <input type="hidden" name="resource" value={resource} />
        <p>
          <strong>{role}</strong> <code>{`${action}:${resource}`}</code>
        </p>
        <p className="muted">Now {inWords(cell)}. A denial wins over every grant.</p>
        <div className="actions">
          <button className="button primary" name="to" value="grant" disabled={own === 'granted'}>
            Grant
          </button>
          <button className="button danger" name="to" value="deny" disabled={own === 'denied'}>
            Deny
          </button>
          <button className="button" name="to" value="revoke" disabled={own === 'none'}>
            Revoke
          </button>
        </div>
      </form>
    </>
  )
}

function effectOf(held: Held[], role: string, action: string, resource: string): Cell {
  const here = held.filter((one) => one.role === role && one.action === action && one.resource === resource)
  const own = here.filter(({ via_role }) => via_role === role)
  return {
    role,
    action,
    resource,
    own: own.some(({ effect }) => effect === 'deny') ? 'denied' : own.length ? 'granted' : 'none',
    inherited: here.find((one) => one.via_role !== role && one.effect === 'deny') ?? here.find((one) => one.via_role !== role),
  }
}

function Matrix({ roles, pairs, held }: { roles: string[]; pairs: [string, string][]; held: Held[] }) {
  if (!pairs.length) return <Nothing>No permission yet.</Nothing>
  return (
    <div className="scroll">
      <table className="matrix">
        <thead>
          <tr>
            <th>Permission</th>
            {roles.map((role) => (
              <th key={role} scope="col">
                {role}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {pairs.map(([action, resource]) => (
            <tr key={`${action}:${resource}`}>
              <th scope="row">
                <code>{`${action}:${resource}`}</code>
              </th>
              {roles.map((role) => {
                const cell = effectOf(held, role, action, resource)
                return (
                  <td key={`${role} ${cell.own}`}>
                    <Place cell={cell} />
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** What the permissions come to, table by table: the database's own review. */
function Review({ access, roles }: { access: Access[]; roles: string[] }) {
  const rows = [...new Map(access.map((one) => [`${one.object} ${one.resource} ${one.action}`, one])).values()]
  if (!rows.length) return <Nothing>No table is protected.</Nothing>
  return (
    <div className="scroll">
      <table className="matrix review">
        <thead>
          <tr>
            <th>Table</th>
            <th>Action</th>
            {roles.map((role) => (
              <th key={role} scope="col">
                {role}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ object, resource, action }) => (
            <tr key={`${object} ${resource} ${action}`}>
              <th scope="row">
                <code>{object}</code>
              </th>
              <td>{action}</td>
              {roles.map((role) => {
                const found = access.find(
                  (one) => one.object === object && one.resource === resource && one.action === action && one.role === role,
                )
                return (
                  <td key={role}>
                    <span className={`pill ${found?.allowed ? 'good' : ''}`}>{found?.allowed ? 'allowed' : 'no'}</span>
                    <p className="via">{found?.via}</p>
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function NewPermission({ roles }: { roles: string[] }) {
  return (
    <form action={change} className="body ask four foot">
      <input type="hidden" name="to" value="grant" />
      <label className="field">
        <span>Role</span>
        <select className="input" name="role">
          {roles.map((role) => (
            <option key={role}>{role}</option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>Action</span>
        <input className="input" name="action" placeholder="view" required maxLength={255} />
      </label>
      <label className="field">
        <span>Resource</span>
        <input className="input" name="resource" placeholder="reports" required maxLength={255} />
      </label>
      <Submit>Grant</Submit>
    </form>
  )
}

function NewRole({ roles }: { roles: string[] }) {
  return (
    <form action={createRole} className="body ask three">
      <label className="field">
        <span>Name</span>
        <input className="input" name="role" placeholder="AUDITOR" required maxLength={255} />
      </label>
      <label className="field">
        <span>Inherits</span>
        <select className="input" name="parent">
          <option value="">nothing</option>
          {roles.map((role) => (
            <option key={role}>{role}</option>
          ))}
        </select>
      </label>
      <Submit>Create role</Submit>
    </form>
  )
}

export default async function Permissions({ searchParams }: { searchParams: Query }) {
  const get = await parameters(searchParams)
  return adminPage(async (database) => {
    const { rows: [{ roles }] } = await database.query<{ roles: string[] }>(
      'SELECT ARRAY(SELECT jsonb_object_keys(session_auth.export_permissions()) ORDER BY 1) AS roles')
    const { rows: held } = await database.query<Held>('SELECT * FROM session_auth.list_permissions()')
    const { rows: access } = await database.query<Access>(
      'SELECT object::text, resource, action, role, allowed, via FROM session_auth.access_matrix()')
    const pairs = [...held, ...access].map(({ action, resource }) => [action, resource] as [string, string])
    const distinct = [...new Map(pairs.map((pair) => [pair.join(':'), pair])).values()].sort(
      ([a, b], [c, d]) => b.localeCompare(d) || a.localeCompare(c),
    )
    return (
      <>
        <Heading title="Permissions" lead="What each role may do; it counts from the next request on" />
        <Outcome done={get('done')} refused={get('refused')} />
        <Card title="Matrix" lead="Choose a place to grant, deny or revoke">
          <Matrix roles={roles} pairs={distinct} held={held} />
          <NewPermission roles={roles} />
        </Card>
        <Card title="What it comes to" lead="access_matrix: every protected table, by action and role, and what decides">
          <Review access={access} roles={roles} />
        </Card>
        <Card title="A new role">
          <NewRole roles={roles} />
        </Card>
      </>
    )
  })
}
