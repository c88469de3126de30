/**
 * Sends real log lines to the log port for some time, as `LOG` requests over some connections, pipelined, at a rate or
 * as fast as they are acknowledged. Prints one line of JSON: how many were acknowledged, in how many seconds.
 *
 *   node bench/timed-generator.ts <port> <seconds> <connections> <mean line bytes> <lines/s, 0: no limit> <file>
 *
 * The lines of the file are sent over and over with the time of sending; a constant end makes them as long on average
 * as asked for. All of them are made before the first is sent, so that the generator costs little.
 */
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'

const words = process.argv.slice(2)
const [port, seconds, connections, lineBytes, rate] = words.map(Number)
const path = words[5]
const LINES_PER_WRITE = 256
/** Lines of a connection that may wait for their reply. */
const WINDOW = 32 * LINES_PER_WRITE
const LINE_FEED = 10
const HEAD = 'LOG|INFO|'
const TIME_DIGITS = 10
const PADDING = ' tenant=blue shard=seven region=middle cluster=main zone=first release=stable owner=platform'

/** Lines of one write, and where the time stands in each. */
interface Batch {
  readonly bytes: Buffer
  readonly timeOffsets: Int32Array
}

function makeBatches(): Batch[] {
  const messages = readFileSync(path, 'utf8').split('\n').filter(Boolean)
  const total = messages.reduce((sum, message) => sum + Buffer.byteLength(message), 0)
  const head = HEAD.length + TIME_DIGITS + 2
  const padding = PADDING.slice(0, Math.max(0, Math.round(lineBytes - head - total / messages.length)))
  const batches: Batch[] = []
  for (let from = 0; from + LINES_PER_WRITE <= messages.length; from += LINES_PER_WRITE) {
    batches.push(makeBatch(messages.slice(from, from + LINES_PER_WRITE), padding))
  }
  return batches
}

function makeBatch(messages: readonly string[], padding: string): Batch {
  const zeros = '0'.repeat(TIME_DIGITS)
  const bytes = Buffer.from(messages.map((message) => `${HEAD}${zeros}|${message}${padding}\n`).join(''))
  const timeOffsets = new Int32Array(messages.length)
  for (let index = 0, at = 0; index < messages.length; index++) {
    timeOffsets[index] = at + HEAD.length
    at = bytes.indexOf(LINE_FEED, at) + 1
  }
  return { bytes, timeOffsets }
}

function setTime({ bytes, timeOffsets }: Batch): void {
  const digits = Buffer.from(String(Math.floor(Date.now() / 1000)))
  for (let index = 0; index < timeOffsets.length; index++) {
    const offset = timeOffsets[index]
    for (let digit = 0; digit < TIME_DIGITS; digit++) bytes[offset + digit] = digits[digit]
  }
}

const batches = makeBatches()
let nextBatch = 0
let sent = 0
let acknowledged = 0
let startMs = 0

function nextBytes(): Buffer {
  const batch = batches[nextBatch++ % batches.length]
  setTime(batch)
  sent += LINES_PER_WRITE
  return batch.bytes
}

function mayRun(): boolean {
  return performance.now() - startMs < seconds * 1000
}

/** False where the rate says to wait. */
function isDue(): boolean {
  return rate === 0 || sent < ((performance.now() - startMs) / 1000) * rate
}

function run(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ port, host: '127.0.0.1' })
    let waiting = 0
    let isBlocked = false
    const pump = (): void => {
      while (!isBlocked && waiting < WINDOW && mayRun() && isDue()) {
        waiting += LINES_PER_WRITE
        isBlocked = !socket.write(nextBytes())
      }
      if (waiting > 0 || mayRun()) return
      clearInterval(pacer)
      socket.end()
      resolve()
    }
    const pacer = setInterval(pump, 5)
    const fail = (error: Error): void => {
      clearInterval(pacer)
      reject(error)
    }
    socket.on('drain', () => {
      isBlocked = false
      pump()
    })
    socket.on('error', fail)
    socket.on('close', () => waiting > 0 && fail(new Error('the server closed the connection')))
    socket.on('data', (chunk) => {
      if (chunk.includes('ERROR')) fail(new Error(chunk.toString().slice(0, 200)))
      for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1)) {
        waiting--
        acknowledged++
      }
      pump()
    })
  })
}

startMs = performance.now()
await Promise.all(Array.from({ length: connections }, run))
console.log(JSON.stringify({ records: acknowledged, seconds: (performance.now() - startMs) / 1000 }))
