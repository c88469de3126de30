import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { SimulatedClock } from '../base/base.ts'
import { FakeStore } from './fake-hub.ts'
import { StoreGate } from './store-gate.ts'
import { turns } from './test-peer.ts'
import { UDP_DROPS, UdpDrops } from './udp-drops.ts'
import { UdpLines } from './udp-lines.ts'
import { UDP_GATHER_MS, UDP_QUEUE_BYTES_MAX } from './udp-server.ts'

const page = readFileSync(new URL('../../docs/protocols-udp.md', import.meta.url), 'utf8')
/** In tables a bar is written `\|`. */
const text = page.replaceAll('\\|', '|')

/** Rows of the table of datagrams and what becomes of them. */
function examples(): { readonly datagram: string; readonly outcome: string }[] {
  const [, table] = text.split('| datagram | messages of its records |\n|---|---|\n')
  const rows = table.slice(0, table.indexOf('\n\n')).split('\n')
  return rows.map((row) => {
    const [, datagram, outcome] = /^\| `(.*?)` \| (.*) \|$/.exec(row) ?? assert.fail(row)
    return { datagram: datagram.replaceAll('\\n', '\n'), outcome }
  })
}

/** What becomes of a datagram, in the words of the page. */
async function outcomeOf(datagram: string): Promise<string> {
  const clock = new SimulatedClock()
  const store = new FakeStore()
  const lines = new UdpLines(
    new StoreGate(store, 1 << 20),
    clock,
    {
      text: { recordBytesMax: 1000, batchBytesMax: 1 << 20, plainLinesReply: 'none', timeZone: null },
      clientFields: true,
      queueBytesMax: 1 << 20,
      gatherMs: 5,
      problem: () => {},
    },
    new UdpDrops(clock, () => {}),
  )
  lines.push(Buffer.from(datagram), '127.0.0.1', 1)
  clock.advance(5)
  await turns(2)
  if (store.messages.length > 0) return store.messages.map((message) => `\`${message}\``).join(', ')
  const { refused, ignoredCommands } = lines.stats()
  return ignoredCommands > 0
    ? 'none: counted as `ignoredCommands`'
    : `none: refused and counted as \`${Object.keys(refused).join()}\``
}

describe('docs/protocols-udp.md', () => {
  it('names everything that is dropped, in the words of our own log', () => {
    for (const [name, words] of Object.entries(UDP_DROPS)) {
      assert.ok(text.includes(`| \`${name}\` | ${words} |`), `${name}: ${words}`)
    }
  })

  it('says what becomes of its examples', async () => {
    assert.equal(examples().length, 8)
    for (const { datagram, outcome } of examples()) assert.equal(await outcomeOf(datagram), outcome, datagram)
  })

  it('names the bounds that hold', () => {
    assert.ok(text.includes(`up to ${UDP_QUEUE_BYTES_MAX / 2 ** 20} MiB of lines wait`))
    assert.ok(text.includes(`at most\n  ${UDP_GATHER_MS} ms earlier`))
    assert.ok(text.includes(`places within\n  ${UDP_GATHER_MS} ms.`))
  })
})
