#!/usr/bin/env node
/**
 * schema-engine.mjs
 *   Prisma's schema engine for its command line, from the engine's own WebAssembly build: Prisma
 *   would download a binary otherwise. PRISMA_SCHEMA_ENGINE_BINARY names this file.
 *
 * It speaks what the binary speaks: JSON-RPC, a line each, and the two commands that look for the
 * database. Nothing here decides anything: each call is handed to the engine as it is.
 */
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import { PrismaPg } from '@prisma/adapter-pg'
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: { datasource: { type: 'string' }, datamodels: { type: 'string', multiple: true } },
})

// can-connect-to-database and create-database: ours exists before any migration runs.
if (positionals[0] === 'cli') process.exit(0)

const file = createRequire(import.meta.url)
  .resolve('@prisma/schema-engine-wasm')
  .replace(/schema_engine\.js$/, 'schema_engine_bg.wasm')
const { instance } = await WebAssembly.instantiate(readFileSync(file), {
  './schema_engine_bg.js': bindings,
})
bindings.__wbg_set_wasm(instance.exports)
instance.exports.__wbindgen_start()

const { url } = values.datasource ? JSON.parse(values.datasource) : {}
globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (message) => console.error(message) }
const engine = await bindings.SchemaEngine.new(
  { datamodels: values.datamodels?.map((name) => [name, readFileSync(name, 'utf8')]) },
  () => {},
  bindMigrationAwareSqlAdapterFactory(new PrismaPg({ connectionString: url })),
)

const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line)
  if (!method) continue
  try {
    const result = (await engine[method](params)) ?? null
    // What `migrate diff` prints goes out as a message of the engine's own.
    if (method === 'diff' && result?.stdout) {
      send({ id: `print-${id}`, method: 'print', params: { content: result.stdout } })
    }
    send({ id, result })
  } catch (error) {
    send({ id, error: { code: 4466, message: error.message, data: { is_panic: false, message: error.message, meta: error.meta, error_code: error.code } } })
  }
}
process.exit(0)
