import { redirect } from 'next/navigation'
import type { ReactNode } from 'react'
import { auth, signOut } from '@/auth'
import { Brand } from '@/components/brand'
import { Submit } from '@/components/submit'
import { Tabs } from '@/components/tabs'
import { mayAdminister } from '@/lib/permission'

async function logOut() {
  'use server'
  await signOut({ redirectTo: '/login?out=here' })
}

const TABS = [
  { href: '/dashboard/accounts', label: 'Accounts' },
  { href: '/dashboard/sessions', label: 'Session & devices' },
]

/** What is around every page of who is logged in. */
export async function Frame({ children }: { children: ReactNode }) {
  const session = await auth()
  if (!session) redirect('/login')
  const tabs = (await mayAdminister()) ? [...TABS, { href: '/admin', label: 'Administration', within: true }] : TABS
  return (
    <>
      <header className="topbar">
        <div>
          <Brand />
          <Tabs label="Main" tabs={tabs} />
          <div className="who">
            <strong>{session.user?.name ?? session.user?.email}</strong>
            <form action={logOut}>
              <Submit className="quiet">Log out</Submit>
            </form>
          </div>
        </div>
      </header>
      <main className="page">{children}</main>
    </>
  )
}
