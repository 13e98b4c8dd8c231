'use client'

import { State } from '@/components/state'

export default function Failure({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  return (
    <State kind="error" title="This page could not be loaded">
      <p>The database or the network did not answer. Nothing was changed.</p>
      {error.digest && <p className="mono">reference {error.digest}</p>}
      <div className="actions">
        <button className="button" onClick={reset}>
          Try again
        </button>
      </div>
    </State>
  )
}
