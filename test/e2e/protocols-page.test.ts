/** docs/protocols.md: its examples, sent to a running server, and what it names, held against the code. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { STREAM_ROWS } from '../../src/ingest/protocol-detection.ts'
import { PROTOCOL_NAMES } from '../../src/program/program.ts'
import { TLS_ONLY } from '../../src/servers/front-session.ts'
import { ROOT } from '../child-program.ts'
import { startProgram } from '../running-program.ts'

const page = readFileSync(join(ROOT, 'docs/protocols.md'), 'utf8').replaceAll('\\|', '|')

/** Rows of the examples: sent, answered. */
const EXAMPLES = [...page.matchAll(/^\| `(.+?)` \| `(.+?)` \|$/gm)].map(
  ([, sent, answered]) => [bytesOf(sent), bytesOf(answered)] as const,
)

const NAMES: Readonly<Record<(typeof STREAM_ROWS)[number]['protocol'], string>> = {
  tls: 'TLS',
  proxy: 'PROXY protocol',
  http: 'HTTP',
  http2: 'HTTP/2',
  irc: 'IRC',
  syslog: 'syslog',
  relp: 'RELP',
  json: 'JSON records',
  framedJson: 'framed JSON',
  binary: 'binary',
  lumberjack: 'Lumberjack (Beats)',
  fluentForward: 'Fluent Forward',
}

describe('docs/protocols.md', () => {
  it('has a row for everything that detection knows', () => {
    const cells = [...page.matchAll(/^\| .+? \| (.+?) \| .+? \|$/gm)].map(([, cell]) => cell)
    for (const { protocol } of STREAM_ROWS) {
      assert.ok(
        cells.some((cell) => cell.startsWith(NAMES[protocol])),
        protocol,
      )
    }
  })

  it('names the protocols that a port can be pinned to', () => {
    const sentence = /pins a port to one protocol: (.*?)\. Nothing/s.exec(page)?.[1] ?? ''
    assert.deepEqual(
      [...sentence.matchAll(/`(\w+)`/g)].map(([, name]) => name),
      PROTOCOL_NAMES,
    )
  })

  it('quotes the refusal of plain text where only TLS is spoken', () => {
    assert.ok(page.includes(`\`${TLS_ONLY}\``))
  })

  it('shows examples that a server answers so', async () => {
    await using program = await startProgram()
    assert.ok(EXAMPLES.length >= 7, `only ${EXAMPLES.length} examples were found`)
    for (const [sent, answered] of EXAMPLES) {
      const answer = await talk(program.logPort, sent, answered.length)
      // Ids grow from example to example.
      const shown = answer.toString('latin1').replace(/^OK\|\d+/, 'OK|0')
      assert.equal(shown, answered.toString('latin1'), sent.toString('latin1'))
    }
  })
})

function bytesOf(text: string): Buffer {
  const unescaped = text
    .replaceAll('\\r', '\r')
    .replaceAll('\\n', '\n')
    .replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(unescaped, 'latin1')
}

async function talk(port: number, bytes: Buffer, answerBytes: number): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1')
  socket.write(bytes)
  let answer = Buffer.alloc(0)
  for await (const chunk of socket) {
    answer = Buffer.concat([answer, chunk])
    if (answer.length >= answerBytes) break
  }
  socket.destroy()
  return answer
}
