/**
 * relay.mjs PATH
 *   A process of its own that relays a port on 127.0.0.1 to a Unix socket, for by-hand.mjs and clients that know
 *   no such sockets. Prints the port, and ends with its standard input.
 */
import net from 'node:net'

const listener = net.createServer({ noDelay: true }, (client) => {
  const upstream = net.connect(process.argv[2])
  const end = () => [client, upstream].forEach((socket) => socket.destroy())
  for (const socket of [client, upstream]) socket.on('close', end).on('error', end)
  client.pipe(upstream).pipe(client)
})
listener.listen(0, '127.0.0.1', () => console.log(listener.address().port))
process.stdin.on('end', () => process.exit()).resume()
