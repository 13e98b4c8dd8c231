/**
 * support.mjs
 *   What the typed pages need of this machine: a port, the cluster under an address, a server's start.
 */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'

/** What one statement answers, as the cluster's superuser. */
export async function psql(database, sql) {
  const { stdout } = await promisify(execFile)('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', database, '-c', sql])
  return stdout.trim()
}

/** Drops what a page has made, so that the next one finds nothing. */
export async function forgetPages() {
  for (const database of ['shop', 'bank']) await psql('postgres', `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)
  await psql('postgres', 'DROP ROLE IF EXISTS web_migrate, web_owner, web_request, web_issuer')
}

export async function freePort() {
  const server = net.createServer().listen(0, 'localhost')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}

/** The cluster listens on a socket alone; the pages' addresses have a host and a port. */
export async function relayToCluster() {
  const sockets = new Set()
  const server = net.createServer((client) => {
    const cluster = net.connect(`${process.env.PGHOST}/.s.PGSQL.${process.env.PGPORT}`)
    for (const [socket, other] of [[client, cluster], [cluster, client]]) {
      sockets.add(socket)
      socket.pipe(other)
      socket.on('error', () => other.destroy()).on('close', () => sockets.delete(socket))
    }
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  return {
    port: server.address().port,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Waits until `attempt` does not fail, as long as the server lives. */
export async function waitFor(attempt, server) {
  for (let tries = 0; tries < 150; tries++) {
    if (await attempt().then(() => true, () => false)) return
    if (server.exitCode !== null) break
    await setTimeout(200)
  }
  throw new Error('the server does not answer')
}
