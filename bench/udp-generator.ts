/**
 * Sends datagrams of one line each to the log port of this machine and prints one line of JSON: how many, in how many
 * seconds. At a rate, or as fast as it can.
 *
 *   node bench/udp-generator.ts <port> <seconds> <datagrams per second, 0: as fast as it can> <bytes>
 */
import { createSocket, type Socket } from 'node:dgram'

const [port, seconds, rate, lineBytes] = process.argv.slice(2).map(Number)
/** Sent before looking at the clock again. */
const ROUND = 64

const text = 'GET /api/v1/orders/4711 answered 200 in 12 ms for tenant blue on shard 7; '
const line = Buffer.from(text.repeat(Math.ceil(lineBytes / text.length)).slice(0, lineBytes))
const socket = createSocket('udp4')
await new Promise<void>((resolve) => socket.connect(port, '127.0.0.1', resolve))
socket.setSendBufferSize(1024 * 1024)

const startedMs = performance.now()
const endMs = startedMs + seconds * 1000
let sent = 0
for (let nowMs = startedMs; nowMs < endMs; nowMs = performance.now()) {
  const due = rate === 0 ? ROUND : Math.min(ROUND, Math.floor(((nowMs - startedMs) * rate) / 1000) - sent)
  if (due > 0) await sendRound(socket, due)
  else await new Promise((resolve) => setTimeout(resolve, 1))
}
console.log(JSON.stringify({ sent, seconds: (performance.now() - startedMs) / 1000 }))
socket.close()

async function sendRound(from: Socket, count: number): Promise<void> {
  for (let index = 1; index < count; index++) from.send(line)
  await new Promise<void>((resolve) => from.send(line, () => resolve()))
  sent += count
}
