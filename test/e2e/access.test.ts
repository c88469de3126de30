/**
 * Every action of every protocol against every policy that a port can have: what is granted works, what is not is
 * refused in the protocol's own words. The table of PROTOCOLS.md §6 stands in servers/actions.ts and, written once
 * more, in servers/access.test.ts; here it is held against the servers.
 */
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { type EmbeddedServer, startServer } from '../../src/main.ts'
import { encodeJsonFrame, JsonFrameDecoder } from '../../src/wire/wire.ts'
import { inTemporaryDirectory } from '../child-program.ts'

const CAPABILITIES = ['write', 'read', 'chat'] as const
type Capability = (typeof CAPABILITIES)[number]
/** Nobody is granted the last one without a token. */
type Needed = Capability | 'admin'

/** Every set of them that a policy can grant. */
const GRANTS: readonly (readonly Capability[])[] = Array.from(
  { length: 1 << CAPABILITIES.length },
  (_, set) => CAPABILITIES.filter((__, bit) => (set & (1 << bit)) !== 0),
)

interface Probe {
  readonly what: string
  readonly needs: Needed | null
  readonly port: 'log' | 'query'
  /** Does it; whether it was allowed. */
  readonly isAllowed: (port: number) => Promise<boolean>
}

// ---- text -------------------------------------------------------------------------------------------------------

/** Sends a line; allowed if the answer begins so, refused if it is the refusal. */
function textProbe(
  port: 'log' | 'query',
  what: string,
  needs: Needed | null,
  line: string,
  granted: RegExp,
  refused: RegExp = /^ERROR[|:]Not allowed/,
): Probe {
  const isAllowed = async (number: number): Promise<boolean> => {
    const answer = await talk(number, Buffer.from(line), (text) => granted.test(text) || refused.test(text))
    return granted.test(answer.toString('latin1'))
  }
  return { what: `text: ${what}`, needs, port, isAllowed }
}

const TEXT: readonly Probe[] = [
  textProbe('log', 'PING', null, 'PING\n', /^PONG\n/),
  textProbe('log', 'STATS of the connection', null, 'STATS\n', /^\{.*\}\n/),
  textProbe('log', 'STATS of the server', 'read', 'STATS\n', /"server":\{/, /^\{(?!.*"server").*\}\n/),
  textProbe('log', 'LOG', 'write', 'LOG|INFO||x\n', /^OK\|\d+\n/),
  textProbe('log', 'LOG, short', 'write', 'LOG:1:INFO:x\n', /^ACK\n/),
  textProbe('log', 'a plain line', 'write', 'just a line\nPING\n', /^PONG\n/),
  textProbe('query', 'PING', null, 'PING\n', /^PONG\n/),
  textProbe('query', 'HELP', null, 'HELP\n', /^RESULT\|\d+\n/),
  textProbe('query', 'STATS of the connection', null, 'STATS\n', /^\{.*\}\n/),
  textProbe('query', 'QUERY', 'read', 'QUERY:x\n', /^RESULT:\d+\n/),
  ...['KEYWORD|x', 'LEVEL|error', 'TIME|1..2', 'ID|1', 'REGEX|x', 'LOGSQL|*', 'COUNT|*', 'STATS|'].map(
    (type) => textProbe('query', `QUERY|${type}`, 'read', `QUERY|${type}\n`, /^RESULT\|\d+\n/),
  ),
  textProbe('query', 'TAIL', 'read', 'QUERY|TAIL|*\n', /^RESULT\|\*\n/),
]

// ---- binary -----------------------------------------------------------------------------------------------------

const STATUS_NOT_ALLOWED = 19

function binaryProbe(what: string, needs: Needed | null, command: number, payload: Buffer): Probe {
  const header = Buffer.from([1, command, payload.length >> 8, payload.length & 255, 0, 0, 0, 1])
  const isAllowed = async (port: number): Promise<boolean> => {
    const answer = await talk(port, Buffer.concat([header, payload]), (_, bytes) => bytes.length > 8)
    assert.equal(answer[1], command | 0x80)
    return what === 'PING' || answer[8] !== STATUS_NOT_ALLOWED
  }
  return { what: `binary: ${what}`, needs, port: 'log', isAllowed }
}

const BINARY: readonly Probe[] = [
  binaryProbe('LOG', 'write', 1, Buffer.from([2, 0, 0, 0, 0, 0, 1, 0x78])),
  binaryProbe('QUERY', 'read', 2, Buffer.from('*')),
  binaryProbe('PING', null, 3, Buffer.from('x')),
]

// ---- framed JSON ------------------------------------------------------------------------------------------------

function jsonProbe(type: string, needs: Needed | null, payload: unknown = {}): Probe {
  const frame = Buffer.from(
    encodeJsonFrame({ type, payload, timestamp: null, senderId: null, correlationId: 1 }),
  )
  const isAllowed = async (port: number): Promise<boolean> => {
    const message = await askJson(port, frame)
    if (message.type !== 'error') return true
    assert.equal((message.payload as { readonly code: string }).code, 'NOT_ALLOWED')
    return false
  }
  return { what: `framed JSON: ${type}`, needs, port: 'log', isAllowed }
}

const FRAMED_JSON: readonly Probe[] = [
  jsonProbe('ping', null),
  jsonProbe('echo', null),
  jsonProbe('compute', null, { numbers: [1] }),
  jsonProbe('stats', null),
  jsonProbe('log', 'write', { message: 'x' }),
  jsonProbe('log_batch', 'write', { records: [{ message: 'x' }] }),
  jsonProbe('query', 'read', { query: '*' }),
  jsonProbe('tail', 'read', { query: '*' }),
  jsonProbe('broadcast', 'chat', { text: 'x' }),
]

// ---- HTTP -------------------------------------------------------------------------------------------------------

function httpProbe(method: string, path: string, needs: Needed | null, body?: string): Probe {
  const isAllowed = async (port: number): Promise<boolean> => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, body })
    const text = await response.text()
    if (response.status !== 401 && response.status !== 403) {
      assert.ok(response.status < 400 || response.status === 404, `${path}: ${response.status} ${text}`)
      return true
    }
    assert.equal(response.headers.get('content-type'), 'application/problem+json')
    assert.equal(JSON.parse(text).code, 'NOT_ALLOWED')
    return false
  }
  return { what: `HTTP: ${method} ${path}`, needs, port: 'log', isAllowed }
}

const HTTP: readonly Probe[] = [
  httpProbe('GET', '/', null),
  httpProbe('GET', '/health', null),
  httpProbe('GET', '/ready', null),
  httpProbe('GET', '/api/status', null),
  httpProbe('POST', '/api/echo', null, '{}'),
  httpProbe('POST', '/api/data', null, '{}'),
  httpProbe('GET', '/static/none', null),
  httpProbe('POST', '/insert/jsonline', 'write', '{"_msg":"x"}\n'),
  httpProbe('POST', '/api/v1/logs', 'write', '{"message":"x"}'),
  httpProbe('GET', '/select/logsql/query?query=*', 'read'),
  httpProbe('GET', '/api/stats', 'read'),
  httpProbe('GET', '/metrics', 'read'),
  httpProbe('POST', '/api/v1/delete', 'admin', '{"query":"x"}'),
  httpProbe('GET', '/api/v1/tasks', 'admin'),
  httpProbe('DELETE', '/api/v1/tasks/logs-1', 'admin'),
]

// ---- the policies -----------------------------------------------------------------------------------------------

for (const grant of GRANTS) {
  describe(`a port that grants ${grant.join(' and ') || 'nothing'}`, () => {
    let server: EmbeddedServer
    let isOver: () => void = () => {}

    before(async () => {
      const started = Promise.withResolvers<void>()
      void inTemporaryDirectory(async (dataDir) => {
        const port = { listen: '127.0.0.1:0', grant: grant.length === 0 ? 'nothing' : grant }
        const off = { listen: 'off' }
        server = await startServer({
          config: { dataDir, ports: { log: port, query: port, irc: off, http: off } },
        })
        started.resolve()
        await new Promise<void>((resolve) => {
          isOver = resolve
        })
        await server.close(0)
      }).catch(started.reject)
      await started.promise
    })
    after(() => isOver())

    for (const { what, needs, port, isAllowed } of [...TEXT, ...BINARY, ...FRAMED_JSON, ...HTTP]) {
      const expected = needs === null || (needs !== 'admin' && grant.includes(needs))
      it(`${expected ? 'allows' : 'refuses'} ${what}`, async () => {
        const number = Number(server.addresses(port)[0].split(':')[1])
        assert.equal(await isAllowed(number), expected)
      })
    }
  })
}

// ---- talking ----------------------------------------------------------------------------------------------------

/** Sends bytes and gathers the answer until it is enough or the connection ends. */
async function talk(
  port: number,
  bytes: Buffer,
  isEnough: (text: string, bytes: Buffer) => boolean,
): Promise<Buffer> {
  const socket: Socket = connect(port, '127.0.0.1')
  socket.write(bytes)
  let answer = Buffer.alloc(0)
  for await (const chunk of socket) {
    answer = Buffer.concat([answer, chunk])
    if (isEnough(answer.toString('latin1'), answer)) break
  }
  socket.destroy()
  return answer
}

async function askJson(
  port: number,
  frame: Buffer,
): Promise<{ readonly type: string; readonly payload: unknown }> {
  const decoder = new JsonFrameDecoder()
  let message: { readonly type: string; readonly payload: unknown } | null = null
  let seen = 0
  await talk(port, frame, (_, bytes) => {
    decoder.push(bytes.subarray(seen))
    seen = bytes.length
    const decoded = decoder.next()
    if (decoded?.kind === 'message') message = decoded.message
    return decoded !== null
  })
  assert.ok(message !== null, 'no answer')
  return message
}
