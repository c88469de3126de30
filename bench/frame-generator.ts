/**
 * The load of binary-log.ts and framed-json-log.ts, a process of its own: pipelined frames over some connections, every
 * reply looked at.
 *
 *   npm run -s node -- bench/frame-generator.ts <binary|framedJson> <port> <records> <connections> <record bytes>
 */
import { connect } from 'node:net'

const [protocol, ...figures] = process.argv.slice(2)
const [port, records, connections, recordBytes] = figures.map(Number)
const RECORDS_PER_WRITE = 256
/** Writes of a connection that may wait for their replies. */
const WINDOW = 16

const filler = 'GET /api/v1/orders/4711 answered 200 in 12 ms for tenant blue on shard 7; '.repeat(20)

/** What a connection sends again and again, and how its replies are told apart. */
interface Load {
  readonly bytes: Buffer
  /** Replies to `bytes`. */
  readonly replies: number
  /** Bytes of the frame at `at`, header included; throws when it is a refusal; 0 when more bytes are needed. */
  readonly replyLength: (bytes: Buffer, at: number) => number
}

const LOADS: Readonly<Record<string, () => Load>> = { binary: binaryLoad, framedJson: framedJsonLoad }

function binaryLoad(): Load {
  const message = Buffer.from(filler.slice(0, recordBytes - 15))
  const head = Buffer.alloc(15)
  head.set([1, 1])
  head.writeUInt16BE(7 + message.length, 2)
  head.writeUInt8(2, 8)
  head.writeUInt32BE(1_718_000_000, 9)
  head.writeUInt16BE(message.length, 13)
  const frames = Array.from({ length: RECORDS_PER_WRITE }, () => [head, message]).flat()
  return { bytes: Buffer.concat(frames), replies: RECORDS_PER_WRITE, replyLength: binaryReplyLength }
}

function binaryReplyLength(bytes: Buffer, at: number): number {
  if (bytes.length < at + 9) return 0
  if (bytes[at + 8] !== 0) throw new Error(`refused with status ${bytes[at + 8]}`)
  return 8 + bytes.readUInt16BE(at + 2)
}

function framedJsonLoad(): Load {
  const around = '{"message":"","level":"info","timestamp":1718000000}'.length
  const record = { message: filler.slice(0, recordBytes - around), level: 'info', timestamp: 1_718_000_000 }
  const batch = { type: 'log_batch', payload: { records: Array(RECORDS_PER_WRITE).fill(record) } }
  const text = Buffer.from(JSON.stringify(batch))
  const head = Buffer.alloc(4)
  head.writeUInt32BE(text.length)
  return { bytes: Buffer.concat([head, text]), replies: 1, replyLength: framedJsonReplyLength }
}

function framedJsonReplyLength(bytes: Buffer, at: number): number {
  if (bytes.length < at + 4) return 0
  const length = 4 + bytes.readUInt32BE(at)
  if (bytes.length < at + length) return 0
  const text = bytes.subarray(at + 4, at + length)
  if (!text.includes('"type":"ack"') || text.includes('"refused"'))
    throw new Error(text.toString().slice(0, 200))
  return length
}

function run({ bytes, replies, replyLength }: Load, writes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let sent = 0
    let answered = 0
    let rest: Buffer = Buffer.alloc(0)
    const pump = (): void => {
      while (sent < writes && sent * replies - answered < WINDOW * replies) {
        sent++
        if (!socket.write(bytes)) break
      }
    }
    const read = (chunk: Buffer): void => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      let at = 0
      for (let length = replyLength(rest, at); length > 0 && at + length <= rest.length; ) {
        answered++
        at += length
        length = replyLength(rest, at)
      }
      rest = rest.subarray(at)
    }
    socket.on('connect', pump)
    socket.on('drain', pump)
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => {
      try {
        read(chunk)
      } catch (error) {
        reject(error)
        return
      }
      if (answered >= writes * replies) {
        socket.end()
        resolve()
      } else pump()
    })
  })
}

const writes = Math.ceil(records / connections / RECORDS_PER_WRITE)
const load = LOADS[protocol]()
const start = performance.now()
await Promise.all(Array.from({ length: connections }, () => run(load, writes)))
const seconds = (performance.now() - start) / 1000
console.log(JSON.stringify({ records: writes * connections * RECORDS_PER_WRITE, seconds }))
