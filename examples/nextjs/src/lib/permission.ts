import 'server-only'
import { httpStatus } from 'session-auth'
import { db } from './db'

export interface Verdict {
  role: string | null
  allowed: boolean
  via_role: string | null
  grant_action: string | null
  grant_resource: string | null
  reason: string
}

/** Whether the current user may, and which grant or lack of one decides: the database's own words. */
export async function explain(action: string, resource: string): Promise<Verdict> {
  const rows = await db.$queryRaw<Verdict[]>`
    SELECT session_auth.role() AS role, e.*
    FROM session_auth.explain_permission(session_auth.role(), ${action}, ${resource}) e`
  return rows[0]
}

/** For the menu alone: who is shown no way to /admin and goes there is refused by the database. */
export async function mayAdminister() {
  try {
    const [{ may }] = await db.$queryRaw<{ may: boolean }[]>`
      SELECT session_auth.has_permission('administer', 'console') AS may`
    return may
  } catch (error) {
    if (httpStatus(error) === undefined) throw error
    return false
  }
}
