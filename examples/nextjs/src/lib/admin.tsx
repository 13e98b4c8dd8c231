/**
 * The third way into the database: the administrator's. Every transaction authenticates whoever sent the
 * request, so that the trail names the actor, and then requires administer:console of the database. What follows
 * calls functions of session_auth; nothing is checked here.
 */
import 'server-only'
import { redirect } from 'next/navigation'
import { cookies } from 'next/headers'
import { Pool, type PoolClient } from 'pg'
import type { ReactNode } from 'react'
import { httpStatus, sqlState, withSession } from 'session-auth'
import { State } from '@/components/state'
import { SESSION_COOKIE } from '@/lib/db'

const shared = globalThis as typeof globalThis & { administration?: Pool }
const pool = (shared.administration ??= new Pool({ connectionString: process.env.ADMIN_DATABASE_URL }))

async function asAdministrator<T>(work: (database: PoolClient) => Promise<T>): Promise<T> {
  const token = (await cookies()).get(SESSION_COOKIE)?.value
  return withSession(pool, token, async (database: PoolClient) => {
    await database.query("SELECT session_auth.require_permission('administer', 'console')")
    return work(database)
  })
}

function Denied() {
  return (
    <State kind="denied" title="You may not administer">
      <p>
        The database asked for <code>administer:console</code> and did not find it among your permissions.
      </p>
      <div className="actions">
        <a className="button" href="/dashboard/sessions?action=view&resource=accounts">
          What may I do?
        </a>
      </div>
    </State>
  )
}

/** A page that is rendered from what its queries find, in one transaction. */
export async function adminPage(render: (database: PoolClient) => Promise<ReactNode>) {
  try {
    return await asAdministrator(render)
  } catch (error) {
    const status = httpStatus(error)
    if (status === 401) redirect('/login')
    if (status === 403) return <Denied />
    throw error
  }
}

/** What the database says of an argument is for whoever typed it; of anything else nothing is shown. */
function refusal(error: unknown) {
  if (httpStatus(error) === 403) return 'You may not administer.'
  if (!/^(22|23|42)/.test(sqlState(error) ?? '')) throw error
  const { message, detail } = error as { message: string; detail?: string }
  return `${message[0].toUpperCase()}${message.slice(1)}.${detail ? ` ${detail}` : ''}`
}

/** Runs an action of a form, and leads back to its page, which tells what was done or why it was refused. */
export async function adminAction(
  page: string,
  done: string,
  work: (database: PoolClient) => Promise<unknown>,
) {
  const query = new URLSearchParams()
  try {
    await asAdministrator(work)
    query.set('done', done)
  } catch (error) {
    if (httpStatus(error) === 401) redirect('/login')
    query.set('refused', refusal(error))
  }
  redirect(`${page}${page.includes('?') ? '&' : '?'}${query}`)
}

/** A field of a form, without the spaces around it; empty counts as not given. */
export function field(form: FormData, name: string) {
  const value = form.get(name)
  return typeof value === 'string' ? value.trim() || null : null
}

/** A parameter of the address, as far as it is a text. */
export type Query = Promise<Record<string, string | string[] | undefined>>

export async function parameters(query: Query) {
  const all = await query
  return (name: string) => String(all[name] ?? '').trim().slice(0, 200)
}
