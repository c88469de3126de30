import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { SimulatedClock } from '../base/base.ts'
import { LOG_REFUSALS, QUERY_REFUSALS, refusalReason } from '../ingest/ingest.ts'
import { RECORD_BYTES_MAX_DEFAULT } from '../record/record.ts'
import { BINARY_COMMANDS, BINARY_MESSAGE_BYTES_MAX, BINARY_REFUSALS } from '../wire/wire.ts'
import { BinaryProtocol } from './binary-protocol.ts'
import { FakeHub } from './fake-hub.ts'
import { TestFront } from './test-front.ts'
import { until } from './test-peer.ts'

const page = readFileSync(new URL('../../docs/protocols-binary.md', import.meta.url), 'utf8')

/** The bytes behind `sign` of the example, all lines together. */
function exampleBytes(sign: string): Buffer {
  const lines = page.split('\n').filter((line) => line.startsWith(`${sign} `))
  return Buffer.from(lines.join('').replaceAll(/[^0-9a-f]/g, ''), 'hex')
}

describe('docs/protocols-binary.md', () => {
  it('shows an example that is answered so', async () => {
    const hub = new FakeHub()
    const clock = new SimulatedClock()
    const options = { recordBytesMax: 1000, batchBytesMax: 1 << 20, unackedBytesMax: 1 << 20 }
    const front = new TestFront(
      hub,
      clock,
      {},
      (gate) => new BinaryProtocol(hub, gate, clock, { ...options, rowsMax: 1, queryMsMax: 0 }),
    )
    await front.port.open()
    const peer = await front.peer()
    const answer = exampleBytes('<')
    peer.socket.write(exampleBytes('>'))
    await until(() => peer.receivedBytes >= answer.length, 'the answer')
    assert.equal(Buffer.from(peer.received, 'latin1').toString('hex'), answer.toString('hex'))
    assert.deepEqual(hub.logs.messages, ['disk'])
    await front.close()
  })

  it('lists every command, every status and every reason', () => {
    for (const [name, command] of Object.entries(BINARY_COMMANDS)) {
      assert.ok(page.includes(`| \`0${command}\` ${name.toUpperCase()} |`), name)
    }
    for (const [name, status] of Object.entries(BINARY_REFUSALS)) {
      const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
      assert.ok(page.includes(`| ${status} | ${words} |`), words)
    }
    const { notAllowed, storageFull, shuttingDown, notStored, emptyMessage } = LOG_REFUSALS
    const reasons = [
      ...[
        'Frame too long for the memory that is left: try again later',
        notAllowed,
        storageFull,
        shuttingDown,
        notStored,
        emptyMessage,
      ],
      refusalReason('tooLong', RECORD_BYTES_MAX_DEFAULT),
      QUERY_REFUSALS.notAllowed,
      QUERY_REFUSALS.internal,
      QUERY_REFUSALS.tookTooLong.replace('{ms}', '30000'),
    ]
    for (const reason of reasons) assert.ok(page.includes(`\`${reason}\``), reason)
    assert.ok(page.includes(BINARY_MESSAGE_BYTES_MAX.toLocaleString('en')))
  })
})
