// compare.mjs INPUTS SEED [PARTY...]: tokens and cookies of the real libraries, changed, given to them and to the
// server that PGHOST names, whose clock stands at clock.mjs' instant. What we accept and the library refuses
// fails, and what both accept as another user, unless differences.mjs has it. Prints TAP.
import './clock.mjs'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { differences } from './differences.mjs'
import { Random } from './random.mjs'

const BATCH = 20000
const SHOWN = 10
const inputs = Number(process.argv[2])
const seed = Number(process.argv[3])
const wanted = process.argv.slice(4)

const literal = (text) => `E'${String(text).replace(/[\\']/g, '$&$&')}'`
const statement = ([format, ...values]) => `${format.replace(/%L/g, () => literal(values.shift()))};\n`
const psql = (database, input) => execFileSync('psql', ['--no-psqlrc', '--quiet', '--no-align', '--tuples-only', '--set=ON_ERROR_STOP=1', `--dbname=${database}`], { input, maxBuffer: 2 ** 30 }).toString()

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

function ours(database, party, texts) {
  const rows = texts.map((text, i) => `${i}\t${copied(text)}\n`).join('')
  return psql(database, `CREATE TEMP TABLE inputs (n int, input text);\nCOPY inputs FROM STDIN;\n${rows}\\.\nSELECT to_json(coalesce(ask(input, ${party.header}), '')) FROM inputs ORDER BY n;\n`)
    .trimEnd().split('\n').map((line) => JSON.parse(line) || null)
}

const sendable = (party, text) => !/[\0\r\n]/.test(text) && text.isWellFormed() && (!party.ascii || /^[\t -~]*$/.test(text)) && !/[^\0-\xff]/.test(party.header ? text : '') && text.length < 60000

async function batch(r, party, database, n, counts) {
  const made = []
  while (made.length < n) {
    const [what, text] = party.make(r)
    if (sendable(party, text)) made.push({ what, text })
  }
  const texts = made.map((one) => one.text)
  const library = await party.ask(texts)
  const server = ours(database, party, texts)
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

// What the table allows, one by one and all together, is no failure.
async function judge(party, differing, counts) {
  const allowed = differences.filter((one) => one.party.test(party.name))
  const note = (one) => counts.known.set(one, (counts.known.get(one) ?? 0) + 1)
  const asked = differing.map((one) => {
    const changes = allowed.filter(({ normal }) => normal && normal(one.text) !== one.text)
    return changes.map((change) => [change.normal(one.text), change]).concat(changes.length > 1 ? [[changes.reduce((text, { normal }) => normal(text), one.text), changes[0]]] : [])
  })
  const texts = asked.flat().map(([text]) => text)
  const answers = texts.length ? await party.ask(texts) : []
  const other = allowed.find(({ ask }) => ask)
  const others = other && differing.length ? await party[other.ask](differing.map(({ text }) => text)) : []
  for (const [i, one] of differing.entries()) {
    const theirs = answers.splice(0, asked[i].length)
    const known = allowed.find(({ holds }) => holds?.(one.library, one.ours)) ?? asked[i][theirs.indexOf(one.ours)]?.[1] ?? (others[i] === one.ours ? other : undefined)
    if (known) note(known)
    else counts.failures.push(one)
  }
}

async function run(party, i) {
  const counts = { inputs: 0, accepted: 0, refused: 0, stricter: 0, known: new Map(), failures: [] }
  const began = process.hrtime.bigint()
  const database = `libraries_${i}`
  psql('postgres', `CREATE DATABASE ${database}`)
  psql(database, `SET client_min_messages = error; CREATE EXTENSION session_auth;\n${QUESTION}${party.setup.map(statement).join('')}`)
  const r = new Random(seed + i)
  while (counts.inputs < inputs) await batch(r, party, database, Math.min(BATCH, inputs - counts.inputs), counts)
  psql('postgres', `DROP DATABASE ${database} WITH (FORCE)`)
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
