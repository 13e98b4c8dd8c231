'use client'

import Link from 'next/link'
import { usePathname } from 'next/navigation'
import { useEffect, useRef } from 'react'

interface Tab {
  href: string
  label: string
  within?: boolean // the pages below it count as it
}

export function Tabs({ label, tabs, className = '' }: { label: string; tabs: Tab[]; className?: string }) {
  const path = usePathname()
  const list = useRef<HTMLElement>(null)
  // on a phone not all of them fit
  useEffect(() => {
    list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' })
  }, [path])
  const isHere = ({ href, within }: Tab) => path === href || (within && path.startsWith(`${href}/`))
  return (
    <nav ref={list} className={`tabs ${className}`} aria-label={label}>
      {tabs.map((tab) => (
        <Link key={tab.href} href={tab.href} prefetch={false} aria-current={isHere(tab) ? 'page' : undefined}>
          {tab.label}
        </Link>
      ))}
    </nav>
  )
}
