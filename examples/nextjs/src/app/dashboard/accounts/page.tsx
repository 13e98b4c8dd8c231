import type { Metadata } from 'next'
import { headers } from 'next/headers'
import Link from 'next/link'
import { redirect } from 'next/navigation'
import { Icon } from '@/components/icon'
import { State } from '@/components/state'
import { explain } from '@/lib/permission'

export const metadata: Metadata = { title: 'Accounts' }

interface Account {
  id: number
  number: string
  holder: string
  kind: string
  balance: string
  status: 'active' | 'frozen' | 'review'
  openedOn: string
}

const STATUS = { active: 'good', frozen: 'cool', review: 'caution' }

const money = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' })
const date = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeZone: 'UTC' })

/** The page asks its own API, as whoever asked for the page: a fetch on the server sends no cookie by itself. */
async function fetchAccounts(holder: string) {
  const url = new URL('/api/accounts', process.env.AUTH_URL)
  if (holder) url.searchParams.set('holder', holder)
  const cookie = (await headers()).get('cookie') ?? ''
  return fetch(url, { headers: { cookie }, cache: 'no-store' })
}

function Heading({ lead, holder }: { lead: string; holder?: string }) {
  return (
    <div className="heading">
      <div>
        <h1>Accounts</h1>
        <p className="lead">{lead}</p>
      </div>
      {holder !== undefined && (
        <form className="search" role="search">
          <Icon name="search" size={17} />
          <input
            className="input"
            type="search"
            name="holder"
            defaultValue={holder}
            placeholder="Search by holder"
            aria-label="Search by holder"
          />
        </form>
      )}
    </div>
  )
}

async function Denied() {
  const { role, reason } = await explain('view', 'accounts')
  return (
    <>
      <Heading lead="403 · the database let no row through" />
      <State kind="denied" title="You may not view accounts">
        <p>
          You are logged in{role ? ` as ${role}` : ', but hold no role'}. An administrator can grant
          what is missing; it counts from your next request.
        </p>
        <div className="reason">
          <span className="mono">
            explain_permission({role ? `'${role}'` : 'NULL'}, 'view', 'accounts')
          </span>
          <span data-testid="reason">{reason}</span>
        </div>
        <div className="actions">
          <Link className="button" href="/dashboard/sessions?action=view&resource=accounts">
            What may I do?
          </Link>
        </div>
      </State>
    </>
  )
}

function Empty({ holder }: { holder: string }) {
  return (
    <>
      <Heading lead="No account to show" holder={holder} />
      <State kind="empty" title={holder ? `Nobody called “${holder}”` : 'No accounts yet'}>
        <p>
          {holder
            ? 'No account that you may view has a holder of this name.'
            : 'Accounts appear here as soon as they are opened.'}
        </p>
        {holder && (
          <div className="actions">
            <Link className="button" href="/dashboard/accounts">
              Show all accounts
            </Link>
          </div>
        )}
      </State>
    </>
  )
}

function Rows({ accounts }: { accounts: Account[] }) {
  const total = accounts.reduce((sum, { balance }) => sum + Number(balance), 0)
  const held = accounts.filter(({ status }) => status !== 'active').length
  return (
    <>
      <dl className="card figures">
        <div>
          <dt>Accounts</dt>
          <dd>{accounts.length}</dd>
        </div>
        <div>
          <dt>Total balance</dt>
          <dd>{money.format(total)}</dd>
        </div>
        <div>
          <dt>Frozen or in review</dt>
          <dd>{held}</dd>
        </div>
      </dl>
      <div className="card scroll">
        <table>
          <thead>
            <tr>
              <th>Holder</th>
              <th className="wide">Number</th>
              <th className="wide">Kind</th>
              <th className="wide">Opened</th>
              <th>Status</th>
              <th className="number">Balance</th>
            </tr>
          </thead>
          <tbody>
            {accounts.map((account) => (
              <tr key={account.id}>
                <td>{account.holder}</td>
                <td className="wide mono muted">{account.number}</td>
                <td className="wide">{account.kind}</td>
                <td className="wide muted">{date.format(new Date(account.openedOn))}</td>
                <td>
                  <span className={`pill ${STATUS[account.status]}`}>{account.status}</span>
                </td>
                <td className={`number ${Number(account.balance) < 0 ? 'negative' : ''}`}>
                  {money.format(Number(account.balance))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}

export default async function Accounts({
  searchParams,
}: {
  searchParams: Promise<{ holder?: string }>
}) {
  const holder = String((await searchParams).holder ?? '').trim()
  const response = await fetchAccounts(holder)
  if (response.status === 401) redirect('/login')
  if (response.status === 403) return <Denied />
  if (!response.ok) throw new Error(`/api/accounts answered ${response.status}`)

  const { accounts } = (await response.json()) as { accounts: Account[] }
  if (accounts.length === 0) return <Empty holder={holder} />
  return (
    <>
      <Heading lead="What the database lets your role see" holder={holder} />
      <Rows accounts={accounts} />
    </>
  )
}
