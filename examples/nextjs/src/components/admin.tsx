import type { ReactNode } from 'react'
import { Icon } from './icon'

export const time = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })

export const count = new Intl.NumberFormat('en')

export function Heading({ title, lead, children }: { title: string; lead: string; children?: ReactNode }) {
  return (
    <div className="heading">
      <div>
        <h1>{title}</h1>
        <p className="lead">{lead}</p>
      </div>
      {children}
    </div>
  )
}

/** What an action did, or why the database refused it. */
export function Outcome({ done, refused }: { done: string; refused: string }) {
  if (!done && !refused) return null
  return (
    <p className={refused ? 'notice bad' : 'notice'} role={refused ? 'alert' : 'status'}>
      <Icon name={refused ? 'warning' : 'check'} size={18} />
      <span>{refused || done}</span>
    </p>
  )
}

export function Card(props: { title: string; lead?: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className="card" aria-label={props.title}>
      <header>
        <div>
          <h2>{props.title}</h2>
          {props.lead && <p>{props.lead}</p>}
        </div>
        {props.actions}
      </header>
      {props.children}
    </section>
  )
}

export function Nothing({ children }: { children: ReactNode }) {
  return <p className="nothing">{children}</p>
}

export function Search({ value, label }: { value: string; label: string }) {
  return (
    <form className="search" role="search">
      <Icon name="search" size={17} />
      <input className="input" type="search" name="q" defaultValue={value} placeholder={label} aria-label={label} />
    </form>
  )
}

/** Bars from the left, each with its number: of how many they are a part is what one sees. */
export function Bars({ bars }: { bars: { label: string; value: number; tone?: string }[] }) {
  const most = Math.max(1, ...bars.map(({ value }) => value))
  return (
    <dl className="bars">
      {bars.map(({ label, value, tone = 'good' }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>
            <span className={`bar ${tone}`} style={{ width: `${(100 * value) / most}%` }} />
            <span className="value">{count.format(value)}</span>
          </dd>
        </div>
      ))}
    </dl>
  )
}

/** A column for each hour. */
export function Hours({ values, label }: { values: number[]; label: string }) {
  const most = Math.max(1, ...values)
  const sum = values.reduce((total, value) => total + value, 0)
  return (
    <figure className="hours">
      <figcaption>
        <span>{label}</span>
        <strong>{count.format(sum)}</strong>
      </figcaption>
      <svg viewBox={`0 0 ${values.length * 10} 40`} preserveAspectRatio="none" role="img" aria-label={`${label}: ${sum} in ${values.length} hours`}>
        {values.map((value, hour) => (
          <rect
            key={hour}
            x={hour * 10 + 1}
            width="8"
            rx="1.5"
            y={value ? 38 - (36 * value) / most : 38}
            height={value ? 2 + (36 * value) / most : 2}
            className={value ? 'some' : 'none'}
          />
        ))}
      </svg>
    </figure>
  )
}
