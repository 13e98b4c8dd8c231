import { redirect } from 'next/navigation'
import type { ReactNode } from 'react'
import { auth, signOut } from '@/auth'
import { Brand } from '@/components/brand'
import { Submit } from '@/components/submit'
import { Tabs } from '@/components/tabs'

async function logOut() {
  'use server'
  await signOut({ redirectTo: '/login?out=here' })
}

export default async function DashboardLayout({ children }: { children: ReactNode }) {
  const session = await auth()
  if (!session) redirect('/login')
  return (
    <>
      <header className="topbar">
        <div>
          <Brand />
          <Tabs
            tabs={[
              { href: '/dashboard/accounts', label: 'Accounts' },
              { href: '/dashboard/sessions', label: 'Session & devices' },
            ]}
          />
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
