import assert from 'node:assert/strict'
import { it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { SeededRandom } from '../../base/base.ts'
import { turns, until } from '../test-peer.ts'
import { HttpFront } from './test-http.ts'

const SEED = 20261121
const ROUNDS = 400

const ZIPPED = gzipSync('{"_msg":"one"}\n').toString('latin1')
const VALID: readonly string[] = [
  'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'POST /insert/jsonline HTTP/1.1\r\nHost: localhost\r\nContent-Length: 15\r\n\r\n{"_msg":"one"}\n',
  'POST /api/v1/logs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nf\r\n{"_msg":"one"}\n\r\n0\r\n\r\n',
  `POST /api/v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\nContent-Length: ${ZIPPED.length}\r\n\r\n${ZIPPED}`,
  'POST /api/v1/logs HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: a\r\nContent-Length: 15\r\n\r\n{"_msg":"one"}\n',
  'GET /select/logsql/query?query=a&limit=5&start=5m HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\r\n',
  'PUT /api/echo?a=b HTTP/1.1\r\nHost: localhost\r\nCookie: a=b\r\nContent-Length: 4\r\n\r\nbody',
]

/** Some requests with bytes changed, left out, put in or doubled. */
function mutated(random: SeededRandom): string {
  let text = ''
  for (let count = 1 + random.below(3); count > 0; count--) text += VALID[random.below(VALID.length)]
  for (let count = random.below(4); count > 0; count--) {
    const at = random.below(text.length)
    const byte = String.fromCharCode(random.below(256))
    const kind = random.below(4)
    if (kind === 0) text = text.slice(0, at) + byte + text.slice(at + 1)
    else if (kind === 1) text = text.slice(0, at) + text.slice(at + 1 + random.below(8))
    else if (kind === 2) text = text.slice(0, at) + byte + text.slice(at)
    else text = text.slice(0, at) + text.slice(Math.max(0, at - 20))
  }
  return text
}

it(`survives mutated requests, and serves others meanwhile (seed ${SEED})`, async () => {
  const random = new SeededRandom(SEED)
  const front = await HttpFront.open()
  for (let round = 0; round < ROUNDS; round++) {
    const peer = await front.peer()
    peer.send(mutated(random))
    await turns(3)
    if (random.below(2) === 0) peer.end()
    else peer.destroy()
    if (round % 50 === 0) assert.equal((await front.ask('/health')).status, 200)
  }
  assert.equal((await front.ask('/health')).status, 200)
  await front.close()
  await until(() => front.protocol.stats().sessions === 0, 'the end of all sessions')
  assert.deepEqual(front.problems, [])
  assert.equal(front.gate.unstoredBytes, 0)
  assert.equal(front.protocol.stats().gatheredBytes, 0)
  assert.equal(front.hub.openAnswers, 0)
})
