// Programs that are given a text and asked for another, while this one goes on.
import { spawn } from 'node:child_process'

/** What a program writes about the text that it is given to read; it throws where the program fails. */
export function output(program, args, input) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] })
    const parts = []
    child.on('error', reject)
    child.stdin.on('error', reject)
    child.stdout.on('data', (part) => parts.push(part))
    child.on('close', (status) => status === 0 ? resolve(Buffer.concat(parts).toString()) : reject(new Error(`${program} ends with ${status}`)))
    child.stdin.end(input)
  })
}
