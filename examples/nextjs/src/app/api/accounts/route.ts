import type { NextRequest } from 'next/server'
import { httpStatus } from 'session-auth'
import { db } from '@/lib/db'

/**
 * There is no check of a session or a role here: the database makes it, in the transaction of the
 * query. Without require_permission the answer would be 200 and an empty list.
 */
export async function GET(request: NextRequest) {
  const holder = request.nextUrl.searchParams.get('holder')?.trim()
  try {
    const [, accounts] = await db.$transaction([
      db.$executeRaw`SELECT session_auth.require_permission('view', 'accounts')`,
      db.bankAccount.findMany({
        where: holder ? { holder: { contains: holder, mode: 'insensitive' } } : {},
        orderBy: { id: 'asc' },
      }),
    ])
    return Response.json({ accounts })
  } catch (error) {
    const status = httpStatus(error)
    if (!status) throw error
    return Response.json({ error: status === 401 ? 'not signed in' : 'not allowed' }, { status })
  }
}
