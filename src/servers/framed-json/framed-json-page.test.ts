import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { ACTIONS } from '../actions.ts'
import { BATCH_ID_BYTES_MAX, BATCH_RECORDS_MAX } from './log-writer.ts'
import { JsonFront } from './test-json-front.ts'

const page = readFileSync(new URL('../../../docs/protocols-framed-json.md', import.meta.url), 'utf8')

function frameOf(json: string): Buffer {
  const frame = Buffer.concat([Buffer.alloc(4), Buffer.from(json)])
  frame.writeUInt32BE(frame.length - 4)
  return frame
}

describe('docs/protocols-framed-json.md', () => {
  it('shows an example that is answered so', async () => {
    const front = await JsonFront.open()
    const peer = await front.peer()
    const lines = page.split('\n').filter((line) => /^[<>] /.test(line))
    assert.equal(lines.length, 10)
    for (let index = 0; index < lines.length; index += 2) {
      peer.send(frameOf(lines[index].slice(2)))
      const [type, payload, correlationId] = (await peer.answersUntil(index / 2 + 1))[index / 2]
      assert.deepEqual(
        { type, payload, correlation_id: correlationId },
        JSON.parse(lines[index + 1].slice(2)),
      )
    }
    await front.close()
  })

  it('lists every type with what it needs', async () => {
    const front = await JsonFront.open()
    const { registry } = front.protocol
    for (const type of registry.types) {
      const { action } = registry.find(type).handler
      const needed = action === null ? null : ACTIONS[action]
      const row = page.split('\n').find((line) => line.startsWith(`| \`${type}\` |`))
      assert.ok(row?.endsWith(needed === null ? '| |' : `| \`${needed}\` |`), `${type}: ${row}`)
    }
    await front.close()
  })

  it('names the limits of a batch', () => {
    assert.ok(page.includes(`at most ${BATCH_RECORDS_MAX.toLocaleString('en')} records`))
    assert.ok(page.includes(`at most ${BATCH_ID_BYTES_MAX} bytes`))
  })

  it('names every code that this protocol answers with', () => {
    const codes = [
      ...['REQUEST_INVALID', 'RECORD_INVALID', 'RECORD_TOO_LARGE', 'BATCH_TOO_LARGE', 'STORE_FULL'],
      ...[
        'STORE_READ_ONLY',
        'STORE_CLOSED',
        'NOT_ALLOWED',
        'TOKEN_UNKNOWN',
        'QUERY_SYNTAX',
        'QUERY_TOO_LARGE',
      ],
      ...[
        'QUERY_CANCELLED',
        'FRAME_TOO_LARGE',
        'SERVER_BUSY',
        'RATE_EXCEEDED',
        'TIMED_OUT',
        'INTERNAL_ERROR',
      ],
    ]
    for (const code of codes) assert.ok(page.includes(`\`${code}\``), code)
  })
})
