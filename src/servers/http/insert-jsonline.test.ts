import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { BlockBuilder } from '../../record/record.ts'
import { turns, until } from '../test-peer.ts'
import { answerOf, type HttpChanges, HttpFront, jsonOf } from './test-http.ts'

const PATH = '/insert/jsonline'
const fronts: HttpFront[] = []

async function open(changes: HttpChanges = {}): Promise<HttpFront> {
  const front = await HttpFront.open(changes)
  fronts.push(front)
  return front
}

afterEach(async () => {
  for (const front of fronts.splice(0)) await front.close()
})

function lines(count: number): string {
  return Array.from({ length: count }, (_, n) => `{"_msg":"line ${n}"}\n`).join('')
}

describe('POST /insert/jsonline', () => {
  it('stores the good lines and names the bad ones', async () => {
    const front = await open()
    const answer = await front.post(PATH, '{"_msg":"one"}\nnonsense\n{"_msg":"two"}')
    assert.equal(answer.status, 200)
    assert.deepEqual(jsonOf(answer), {
      accepted: 2,
      refused: 1,
      refusals: [{ line: 2, code: 'RECORD_INVALID', reason: 'the line is not JSON, from byte 2 on' }],
    })
    assert.deepEqual(front.store.messages, ['one', 'two'])
  })

  it('answers when the records are durable, not before', async () => {
    const front = await open()
    front.store.isHeld = true
    let isAnswered = false
    const answer = front.post(PATH, '{"_msg":"one"}\n')
    void answer.then(() => {
      isAnswered = true
    })
    await until(() => front.store.waiting === 1, 'the batch')
    await turns()
    assert.equal(isAnswered, false)
    front.store.release()
    assert.deepEqual(jsonOf(await answer), { accepted: 1, refused: 0, refusals: [] })
  })

  it('stores what has come before the body is whole', async () => {
    const front = await open()
    const sent = front.begin(PATH, { method: 'POST' })
    const answer = answerOf(sent)
    sent.write('{"_msg":"one"}\n{"_msg"')
    await until(() => front.store.messages.length === 1, 'the first line')
    sent.end(':"two"}\n')
    assert.deepEqual(jsonOf(await answer), { accepted: 2, refused: 0, refusals: [] })
    assert.deepEqual(front.store.messages, ['one', 'two'])
  })

  it('takes the same from a chunked body wherever it is cut', async () => {
    const request =
      `POST ${PATH} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n` +
      '10\r\n{"_msg":"one"}\n{\r\n1\r\n"\r\nf\r\n_msg":"zwei ä"}\r\n0\r\n\r\n'
    const front = await open()
    for (let cut = 1; cut < request.length; cut++) {
      const peer = await front.peer()
      peer.send(request.slice(0, cut))
      await turns(3)
      peer.send(request.slice(cut))
      await peer.ended()
      assert.match(peer.received, /^HTTP\/1\.1 200 OK\r\n/, `cut at ${cut}`)
      assert.deepEqual(front.store.messages.splice(0), ['one', 'zwei \u00e4'], `cut at ${cut}`)
    }
  })

  it('takes names of fields from parameters and headers, and the parameters win', async () => {
    const front = await open()
    const body = '{"at":"2025-01-15T09:50:00Z","text":"hello","host":"a","n":5,"secret":"x"}\n'
    const path = `${PATH}?_time_field=at&_stream_fields=host&extra_fields=env%3Dtest&debug=0`
    const headers = { 'VL-Msg-Field': 'note, text', 'VL-Ignore-Fields': 'sec*', 'VL-Time-Field': 'wrong' }
    assert.equal((await front.post(path, body, headers)).status, 200)
    assert.deepEqual(front.store.messages, ['hello'])
    const builder = new BlockBuilder(front.store.batches[0])
    builder.addBatch(0)
    const block = builder.build()
    assert.equal(block.timesMs[0], Date.UTC(2025, 0, 15, 9, 50))
    assert.deepEqual(block.fieldNamesOf(0).sort(), ['env', 'host', 'n'])
  })

  for (const [name, compress] of [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['zstd', zstdCompressSync],
    ['br', brotliCompressSync],
  ] as const) {
    it(`expands ${name}`, async () => {
      const front = await open()
      const answer = await front.post(PATH, compress(Buffer.from(lines(2000))), { 'Content-Encoding': name })
      assert.deepEqual(jsonOf(answer), { accepted: 2000, refused: 0, refusals: [] })
      assert.equal(front.store.messages.at(-1), 'line 1999')
    })

    it(`stops a ${name} body that expands to too much, and says what was stored`, async () => {
      const front = await open()
      const body = compress(Buffer.concat([Buffer.from(lines(10)), Buffer.alloc(2 << 20, '\n')]))
      const answer = await front.post(PATH, body, { 'Content-Encoding': name })
      assert.equal(answer.status, 413)
      const { code, accepted } = jsonOf(answer)
      assert.deepEqual([code, accepted], ['BODY_TOO_LARGE', 10])
      assert.equal(front.store.messages.length, 10)
    })

    it(`stores what came whole of a ${name} body that is cut short`, async () => {
      const front = await open()
      const whole = compress(Buffer.from(lines(5000)))
      const answer = await front.post(PATH, whole.subarray(0, whole.length - 20), {
        'Content-Encoding': name,
      })
      const { code, accepted } = jsonOf(answer)
      assert.deepEqual([answer.status, code], [400, 'REQUEST_INVALID'])
      assert.equal(accepted, front.store.messages.length)
    })
  }

  it('has an absolute limit on what a body expands to', async () => {
    const front = await open({ options: { bodyExpandedBytesMax: 100_000 } })
    const body = gzipSync(Buffer.from(lines(20_000)))
    const answer = await front.post(PATH, body, { 'Content-Encoding': 'gzip' })
    assert.equal(answer.status, 413)
    assert.match(String(jsonOf(answer)['detail']), /more than 100000 bytes/)
  })

  for (const [name, compress] of [
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const) {
    it(`takes all of what was compressed in several pieces: ${name}`, async () => {
      const front = await open()
      const body = Buffer.concat([1, 2, 0, 3].map((count) => compress(lines(count))))
      for (const chunkBytes of [1, 7, body.length]) {
        const sent = front.begin(PATH, { method: 'POST', headers: { 'Content-Encoding': name } })
        const answer = answerOf(sent)
        for (let at = 0; at < body.length; at += chunkBytes) sent.write(body.subarray(at, at + chunkBytes))
        sent.end()
        assert.deepEqual(jsonOf(await answer), { accepted: 6, refused: 0, refusals: [] }, `by ${chunkBytes}`)
      }
    })
  }

  for (const [name, compress] of [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['zstd', zstdCompressSync],
    ['br', brotliCompressSync],
  ] as const) {
    it(`takes nothing for stored that follows the compressed data: ${name}`, async () => {
      const front = await open()
      for (const rest of ['\0', lines(1), '\0'.repeat(200_000)]) {
        const body = Buffer.concat([compress(lines(1)), Buffer.from(rest)])
        const answer = await front.post(PATH, body, { 'Content-Encoding': name })
        assert.deepEqual(
          [answer.status, jsonOf(answer)['code']],
          [400, 'REQUEST_INVALID'],
          `${rest.length} bytes`,
        )
      }
    })
  }

  it('refuses a compression that it does not know, and several at once', async () => {
    const front = await open()
    for (const name of ['snappy', 'gzip, gzip']) {
      const answer = await front.post(PATH, 'x', { 'Content-Encoding': name })
      assert.deepEqual([answer.status, jsonOf(answer)['code']], [415, 'MEDIA_UNSUPPORTED'])
      assert.equal(answer.headers['accept-encoding'], 'gzip, deflate, zstd, br')
    }
  })

  it('answers 400 when there were lines and none could be taken', async () => {
    const front = await open()
    const answer = await front.post(PATH, 'a\nb\n')
    assert.equal(answer.status, 400)
    assert.equal(answer.headers['content-type'], 'application/problem+json')
    const { code, accepted, refused, detail } = jsonOf(answer)
    assert.deepEqual([code, accepted, refused], ['RECORD_INVALID', 0, 2])
    assert.equal(detail, 'No line could be taken. Line 1: the line is not JSON, from byte 1 on.')
    assert.equal((await front.post(PATH, '')).status, 200)
    assert.equal((await front.post(PATH, '\n\n')).status, 200)
  })

  it('says how many were stored before the store was full', async () => {
    const front = await open()
    const sent = front.begin(PATH, { method: 'POST' })
    const answer = answerOf(sent)
    sent.write(lines(3))
    await until(() => front.store.messages.length === 3, 'the first lines')
    front.store.refusal = 'STORE_FULL'
    sent.end(lines(2))
    const { status, headers, text } = await answer
    assert.deepEqual([status, headers['retry-after']], [507, '10'])
    assert.equal(JSON.parse(text).accepted, 3)
  })

  for (const [refusal, status] of [
    ['STORE_CLOSED', 503],
    ['STORE_READ_ONLY', 503],
    ['STORE_FULL', 507],
  ] as const) {
    it(`answers ${refusal} with ${status} and when to come again`, async () => {
      const front = await open()
      front.store.refusal = refusal
      const answer = await front.post(PATH, lines(1))
      assert.deepEqual([answer.status, jsonOf(answer)['code']], [status, refusal])
      assert.match(String(answer.headers['retry-after']), /^\d+$/)
    })
  }

  it('says nothing of an error that is its own, but its own log does', async () => {
    const front = await open()
    front.store.isHeld = true
    const answer = front.post(PATH, lines(1))
    await until(() => front.store.waiting === 1, 'the batch')
    front.store.fail(new Error('secret of the disk'))
    const { status, text } = await answer
    assert.deepEqual([status, JSON.parse(text).code], [500, 'INTERNAL_ERROR'])
    assert.ok(!text.includes('secret'))
    assert.deepEqual(front.problems, ['A request failed: Error: secret of the disk'])
  })

  it('stores whole lines of a client that breaks off, and no half one', async () => {
    const front = await open()
    const peer = await front.peer()
    peer.send(`POST ${PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n`)
    peer.send('{"_msg":"whole"}\n{"_msg":"half"}')
    await until(() => front.store.messages.length === 1, 'the whole line')
    peer.destroy()
    await until(() => front.protocol.stats().sessions === 0, 'the end of the session')
    assert.deepEqual(front.store.messages, ['whole'])
  })

  it('reads no faster than the store takes', async () => {
    const front = await open({ options: { unackedBytesMax: 256 * 1024 } })
    front.store.isHeld = true
    const line = `{"_msg":"${'x'.repeat(10_000)}"}\n`
    const sent = front.begin(PATH, { method: 'POST' })
    const answer = answerOf(sent)
    const count = 3000
    sent.end(line.repeat(count))
    await turns(2000)
    const held = front.gate.unstoredBytes
    assert.ok(held > 200 * 1024 && held < 512 * 1024, `${held} bytes are held`)
    front.store.isHeld = false
    front.store.release()
    assert.equal(jsonOf(await answer)['accepted'], count)
    assert.equal(front.gate.unstoredBytes, 0)
  })

  it('waits while the gate is closed for all', async () => {
    const front = await open({ unstoredBytesMax: 1000 })
    front.gate.take(1000)
    const answer = front.post(PATH, lines(1))
    await turns(200)
    assert.equal(front.store.appends, 0)
    front.gate.give(1000)
    assert.equal((await answer).status, 200)
  })

  it('reads no faster than the address may send', async () => {
    const front = await open({ port: { bytesPerSecondMax: 1000 } })
    const answer = front.post(PATH, `{"_msg":"${'x'.repeat(3000)}"}\n`)
    await turns(300)
    assert.equal(front.store.appends, 0)
    await until(() => {
      front.clock.advance(100)
      return front.store.appends === 1
    }, 'the batch')
    assert.equal((await answer).status, 200)
  })

  it('asks a client that expects it to go on, but only if it may', async () => {
    const front = await open()
    const peer = await front.peer()
    const head = `POST ${PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 15\r\nExpect: 100-continue\r\n\r\n`
    peer.send(head)
    await peer.expect('HTTP/1.1 100 Continue\r\n\r\n')
    peer.send('{"_msg":"one"}\n')
    await until(() => peer.received.includes('"accepted":1'), 'the answer')
    const closed = await open({ grant: [] })
    const other = await closed.peer()
    other.send(head)
    await other.ended()
    assert.match(other.received, /^HTTP\/1\.1 401 Unauthorized\r\n/)
    assert.equal(closed.store.appends, 0)
  })

  it('reads nothing of a body whose sender may not write', async () => {
    const front = await open({ grant: ['read'] })
    const peer = await front.peer()
    peer.send(`POST ${PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n${lines(100)}`)
    await peer.ended()
    assert.match(peer.received, /^HTTP\/1\.1 401 .*Connection: close/is)
    assert.equal(front.store.appends, 0)
    assert.equal(peer.errorCode, null)
  })
})
