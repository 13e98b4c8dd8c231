'use client'

import type { ReactNode } from 'react'
import { useFormStatus } from 'react-dom'

export function Submit({ className = '', children }: { className?: string; children: ReactNode }) {
  const { pending } = useFormStatus()
  return (
    <button type="submit" className={`button ${className}`} disabled={pending}>
      {children}
    </button>
  )
}
