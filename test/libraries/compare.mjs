// compare.mjs INPUTS SEED [PARTY...]: tokens and cookies of the real libraries, changed, given to them and to the
// server that PGHOST names, whose clock stands at clock.mjs' instant. What we accept and the library refuses
// fails, and what both accept as another user, unless differences.mjs has it. Prints TAP.
import './clock.mjs'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { differences } from './differences.mjs'
import { output } from './programs.mjs'
import { Random } from './random.mjs'

const BATCH = 20000
const SHOWN = 10
const inputs = Number(process.argv[2])
const seed = Number(process.argv[3])
const wanted = process.argv.slice(4)

const literal = (text) => `E'${String(text).replace(/[\\']/g, '$&$&')}'`
const statement = ([format, ...values]) => `${format.replace(/%L/g, () => literal(values.shift()))};\n`
const psql = (database, input) => output('psql', ['--no-psqlrc', '--quiet', '--no-align', '--tuples-only', '--set=ON_ERROR_STOP=1', `--dbname=${database}`], input)

const has = ([program, ...args]) => {
  try {
    execFileSync(program, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

// One call, and its outcome: the user, nothing where it is refused, or an error that is none.
const QUESTION = `CREATE FUNCTION ask(input text, header boolean) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN CASE WHEN header THEN (SELECT user_id FROM session_auth.authenticate_request(input, NULL)) ELSE (SELECT user_id FROM session_auth.verify_session(input)) END;
EXCEPTION WHEN invalid_authorization_specification THEN RETURN NULL;
  WHEN OTHERS THEN RETURN 'error ' || SQLSTATE;
END $$;
`
const copied = (text) => text.replace(/[\\\n\r\t]/g, (c) => ({ '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' })[c])

async function ours(database, party, texts) {
  const rows = texts.map((text, i) => `${i}\t${copied(text)}\n`).join('')
  const said = await psql(database, `CREATE TEMP TABLE inputs (n int, input text);\nCOPY inputs FROM STDIN;\n${rows}\\.\nSELECT to_json(coalesce(ask(input, ${party.header}), '')) FROM inputs ORDER BY n;\n`)
  return said.trimEnd().split('\n').map((line) => JSON.parse(line) || null)
}

const sendable = (party, text) => !/[\0\r\n]/.test(text) && text.isWellFormed() && (!party.ascii || /^[\t -~]*$/.test(text)) && !/[^\0-\xff]/.test(party.header ? text : '') && text.length < 60000

async function batch(r, party, database, n, counts) {
  const made = []
  while (made.length < n) {
    const [what, text] = party.make(r)
    if (sendable(party, text)) made.push({ what, text })
  }
  const texts = made.map((one) => one.text)
  const [server, library] = await Promise.all([ours(database, party, texts), party.ask(texts)])
  if (library.length !== n || server.length !== n) throw new Error(`${party.name}: ${library.length} and ${server.length} answers to ${n} questions`)
  const differing = []
  for (const [i, { what, text }] of made.entries()) {
    const [theirs, our] = [library[i], server[i]]
    counts.inputs++
    if (theirs === our) counts[our === null ? 'refused' : 'accepted']++
    else if (our === null) counts.stricter++
    else differing.push({ what, text, library: theirs, ours: our })
  }
  await judge(party, differing, counts)
}

const subsets = (all) => all.reduce((sets, one) => [...sets, ...sets.map((set) => [...set, one])], [[]])
const asksFor = (allowed, { text }) => subsets(allowed.filter(({ normal }) => normal && normal(text) !== text))
  .map((changes) => ({ text: changes.reduce((sofar, { normal }) => normal(sofar), text), changes }))

// What the table allows, one by one and together, is no failure.
async function judge(party, differing, counts) {
  const allowed = differences.filter((one) => one.party.test(party.name))
  const other = allowed.find(({ ask }) => ask)
  const asks = differing.map((one) => asksFor(allowed, one))
  const texts = asks.flat().map(({ text }) => text)
  const answers = texts.length ? await party.ask(texts) : []
  const others = other && texts.length ? await party[other.ask](texts) : []
  for (const [i, one] of differing.entries()) {
    const reasons = asks[i].map(({ changes }) => {
      const [first, second] = [answers.shift(), others.shift()]
      const same = (theirs, reason) => theirs === one.ours ? reason : allowed.find(({ holds }) => holds?.(theirs, one.ours))
      return same(first, changes[0]) ?? (second ? same(second, other) : undefined)
    })
    const known = reasons.find((reason) => reason)
    if (known) counts.known.set(known, (counts.known.get(known) ?? 0) + 1)
    else counts.failures.push(one)
  }
}

async function run(party, i) {
  const counts = { inputs: 0, accepted: 0, refused: 0, stricter: 0, known: new Map(), failures: [] }
  const began = process.hrtime.bigint()
  const database = `libraries_${i}`
  await psql('postgres', `CREATE DATABASE ${database}`)
  await psql(database, `SET client_min_messages = error; CREATE EXTENSION session_auth;\n${QUESTION}${party.setup.map(statement).join('')}`)
  const r = new Random(seed + i)
  while (counts.inputs < inputs) await batch(r, party, database, Math.min(BATCH, inputs - counts.inputs), counts)
  await psql('postgres', `DROP DATABASE ${database} WITH (FORCE)`)
  counts.seconds = Number(process.hrtime.bigint() - began) / 1e9
  return counts
}

let tests = 0
const test = (ok, name) => console.log(`${ok ? 'ok' : 'not ok'} ${++tests} - ${name}`)

// Parties are imported one by one, so that a run may do with fewer libraries.
const random = new Random(seed)
const { joseParty, authjsParties } = await import('./jose.mjs')
const { betterAuthParties } = await import('./better_auth.mjs')
const { signedParties } = await import('./signed.mjs')
const parties = [await joseParty(random), ...await authjsParties(random), ...await betterAuthParties(random), ...signedParties(random)]
const version = (name) => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version

for (const [i, party] of parties.entries()) {
  if (wanted.length && !wanted.some((name) => party.name.includes(name))) continue
  if (party.checks && !has(party.checks)) {
    console.log(`ok ${++tests} - ${party.name} # skip its library is not installed`)
    continue
  }
  const c = await run(party, i)
  for (const failure of c.failures.slice(0, SHOWN)) console.log(`# ${JSON.stringify(failure)}`)
  const known = [...c.known.values()].reduce((sum, n) => sum + n, 0)
  console.log(`# with ${party.name}${party.library ? ` ${version(party.library)}` : ''}: ${c.inputs} inputs, both accept ${c.accepted}, both refuse ${c.refused}, we alone refuse ${c.stricter}, known ${known}, failures ${c.failures.length}, ${Math.round(c.seconds)} s`)
  for (const [one, n] of c.known) console.log(`# with ${n} of ${party.name}: ${one.reason}`)
  if (c.failures.length) process.exitCode = 1
  test(c.failures.length === 0, `${party.name}: we accept nothing that it refuses, and nobody else`)
  test(c.accepted > 0 && c.refused > 0, `${party.name}: both accept some and refuse some`)
}
console.log(`1..${tests}`)
