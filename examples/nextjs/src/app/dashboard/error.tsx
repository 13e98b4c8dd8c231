'use client'

import { useRouter } from 'next/navigation'
import { startTransition } from 'react'
import { State } from '@/components/state'

export default function Failure({
  error,
  reset,
}: {
  error: Error & { digest?: string }
  reset: () => void
}) {
  const router = useRouter()
  // reset alone renders again what the server sent; refresh asks it anew.
  const retry = () =>
    startTransition(() => {
      router.refresh()
      reset()
    })
  return (
    <State kind="error" title="This page could not be loaded">
      <p>The database or the network did not answer. Nothing was changed.</p>
      {error.digest && <p className="mono">reference {error.digest}</p>}
      <div className="actions">
        <button className="button" onClick={retry}>
          Try again
        </button>
      </div>
    </State>
  )
}
