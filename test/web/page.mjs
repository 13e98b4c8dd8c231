/**
 * page.mjs
 *   Types a page of the documentation: writes the files that it shows, runs the commands that it shows,
 *   and compares what they print with what it says they print.
 *
 * A block whose first line is a comment that names a file (`// auth.ts`, `-- db/setup.sql: once`) is
 * that file. A `json` block is package.json. `sh` blocks without a name are commands; `console` blocks
 * are commands behind `$ ` with their output; blocks without a language are parts of files shown again.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'

const NAMED = /^(?:\/\/|--|#) ([\w@.[\]/-]+\.[a-z]+|\.env)(?::.*)?$/

/** The page's blocks, in order: { section, language, file, text, line }. */
export async function blocksOf(page) {
  const lines = (await readFile(page, 'utf8')).split('\n')
  const blocks = []
  let section = ''
  let block
  lines.forEach((text, index) => {
    if (block && text === '```') {
      block.file = block.language === 'json' ? 'package.json' : NAMED.exec(block.lines[0])?.[1]
      blocks.push({ ...block, text: `${block.lines.join('\n')}\n` })
      block = undefined
    } else if (block) {
      block.lines.push(text)
    } else if (text.startsWith('```')) {
      block = { section, language: text.slice(3), lines: [], line: index + 1 }
    } else if (/^##+ /.test(text)) {
      section = text.replace(/^#+ /, '')
    }
  })
  return blocks
}

/** Commands and their output, as a console shows them. */
function exchanges(text) {
  return text.split(/^(?=\$ )/m).map((part) => {
    const [command, ...output] = part.slice(2).split('\n')
    return { command, output: output.join('\n') }
  })
}

export function run(command, { cwd, env, timeout = 300_000 }) {
  return new Promise((resolve, reject) => {
    const options = { cwd, env, timeout, maxBuffer: 1 << 26 }
    execFile('bash', ['-c', command], options, (error, stdout, stderr) => {
      // a code is a number only where the command ended by itself
      if (error && typeof error.code !== 'number') reject(error)
      else resolve({ code: error?.code ?? 0, output: stdout + stderr })
    }).stdin.end()
  })
}

/**
 * Types blocks into the folder `cwd`. `replaced(text)` puts this machine's addresses in the place of the
 * page's; environment that commands export stays for the commands after them, as in one shell.
 */
export class Typist {
  constructor({ cwd, env, replaced = (text) => text }) {
    Object.assign(this, { cwd, env, replaced, written: '' })
  }

  async command(command) {
    const state = path.join(this.cwd, '.typed-env')
    const { code, output } = await run(
      `${this.replaced(command)}\nstatus=$?; env -0 > '${state}'; exit $status`,
      { cwd: this.cwd, env: this.env },
    )
    const kept = await readFile(state, 'utf8').catch(() => '')
    for (const pair of kept.split('\0')) {
      const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(pair) ?? []
      if (name && !['_', 'SHLVL', 'PWD', 'OLDPWD'].includes(name)) this.env[name] = value
    }
    return { code, output }
  }

  async type({ language, file, text, line }) {
    const where = `line ${line}`
    if (file) {
      const target = path.join(this.cwd, file)
      await mkdir(path.dirname(target), { recursive: true })
      await writeFile(target, this.replaced(text))
      this.written += text
    } else if (language === 'sh') {
      const { code, output } = await this.command(`set -e\n${text}`)
      assert.equal(code, 0, `${where}: ${text}\n${output}`)
    } else if (language === 'console') {
      for (const { command, output: expected } of exchanges(text)) {
        const { output } = await this.command(command)
        assert.equal(tidy(output), tidy(expected), `${where}: ${command}`)
      }
    } else {
      assert.equal(language, '', `${where}: a block of ${language} needs a file's name in its first line`)
      for (const part of text.split('\n')) {
        assert.ok(this.written.includes(part.trim()), `${where}: no file of the page has ${part}`)
      }
    }
  }
}

const tidy = (text) => text.replace(/[ \t]+$/gm, '').trimEnd()
