/**
 * package.test.mjs
 *   What is packed: every entry with its types, nothing to be installed beside it; and the one file that
 *   is copied instead of it.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'

const require = createRequire(import.meta.url)
const manifest = JSON.parse(readFileSync(require.resolve('session-auth/package.json'), 'utf8'))

test('every entry can be imported, has types and depends on nothing', async () => {
  assert.equal(manifest.dependencies, undefined)
  assert.equal(manifest.peerDependencies, undefined)
  for (const [entry, files] of Object.entries(manifest.exports).filter(([, files]) => files.types)) {
    const module = await import(`session-auth${entry.slice(1)}`)
    assert.ok(Object.keys(module).length > 0, entry)
    const folder = new URL('.', `file://${require.resolve('session-auth/package.json')}`)
    const types = readFileSync(new URL(files.types, folder), 'utf8')
    for (const name of Object.keys(module)) assert.match(types, new RegExp(`export function ${name}\\b`), `${entry}: ${name}`)
    const text = readFileSync(new URL(files.default, folder), 'utf8')
    for (const [, from] of text.matchAll(/from '(.*?)'/g)) assert.match(from, /^\.\//, `${entry} imports ${from}`)
    assert.ok(existsSync(new URL('README.md', folder)))
  }
})

test('what applications write is typed', () => {
  const tsc = require.resolve('typescript/bin/tsc')
  execFileSync(process.execPath, [tsc, '--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--module', 'nodenext', '--types', 'node', new URL('types.mts', import.meta.url).pathname], { stdio: 'inherit' })
})
