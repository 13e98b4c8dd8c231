'use client'

import Link from 'next/link'
import { usePathname } from 'next/navigation'

export function Tabs({ tabs }: { tabs: { href: string; label: string }[] }) {
  const path = usePathname()
  return (
    <nav className="tabs" aria-label="Main">
      {tabs.map(({ href, label }) => (
        <Link key={href} href={href} prefetch={false} aria-current={path === href ? 'page' : undefined}>
          {label}
        </Link>
      ))}
    </nav>
  )
}
