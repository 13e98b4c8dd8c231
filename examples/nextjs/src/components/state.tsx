import type { ReactNode } from 'react'
import { Icon } from './icon'

const SYMBOLS = { empty: 'empty', error: 'warning', denied: 'lock' } as const

/** What stands where rows would: nothing found, something broke, or not allowed. */
export function State(props: {
  kind: keyof typeof SYMBOLS
  title: string
  children: ReactNode
}) {
  return (
    <section className={`card state ${props.kind}`} role={props.kind === 'empty' ? 'status' : 'alert'}>
      <div className="symbol">
        <Icon name={SYMBOLS[props.kind]} size={22} />
      </div>
      <h2>{props.title}</h2>
      {props.children}
    </section>
  )
}
