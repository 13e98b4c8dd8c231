import type { Metadata } from 'next'
import type { ReactNode } from 'react'
import { Frame } from '@/components/frame'
import { Tabs } from '@/components/tabs'

export const metadata: Metadata = { title: { default: 'Administration', template: '%s · Administration' } }

export default function AdminLayout({ children }: { children: ReactNode }) {
  return (
    <Frame>
      <Tabs
        label="Administration"
        className="subtabs"
        tabs={[
          { href: '/admin', label: 'Overview' },
          { href: '/admin/people', label: 'People' },
          { href: '/admin/permissions', label: 'Permissions' },
          { href: '/admin/explain', label: 'Explain' },
          { href: '/admin/audit', label: 'Audit' },
          { href: '/admin/keys', label: 'Keys' },
        ]}
      />
      {children}
    </Frame>
  )
}
