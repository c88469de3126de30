/** The yardstick of connections.ts: answers PONG to whatever comes, and does nothing else. Says its port. */
import { createServer } from 'node:net'

const server = createServer({ allowHalfOpen: false }, (socket) => {
  socket.on('error', () => {})
  socket.on('data', () => socket.write('PONG\n'))
})
server.listen({ host: '127.0.0.1', port: 0, backlog: 511 }, () => {
  const address = server.address()
  if (typeof address === 'object' && address !== null) console.log(address.port)
})
