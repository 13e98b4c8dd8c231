import Link from 'next/link'
import { State } from '@/components/state'

export default function NotFound() {
  return (
    <main className="page">
      <State kind="empty" title="There is no such page">
        <p>The address may have been mistyped.</p>
        <div className="actions">
          <Link className="button" href="/dashboard/accounts">
            Go to the accounts
          </Link>
        </div>
      </State>
    </main>
  )
}
