/**
 * The NDJSON kernel and its twin in TypeScript must come to the same bytes, whatever comes in: here they read the same
 * hostile bytes, cut into the same chunks, with the same narrow limits. What is right at all is for ndjson-decoder.test.ts
 * and ndjson-shapes.test.ts, which run with both.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type InstantiateKernel, instantiateKernel, refuseKernel, SeededRandom } from '../base/base.ts'
import { NdjsonDecoder, type NdjsonOptions } from './ndjson-decoder.ts'
import { NdjsonWorkspace } from './ndjson-workspace.ts'

const SEED = 20_261_122
const ROUNDS = 300
const OPTIONS: NdjsonOptions = {
  recordBytesMax: 1 << 18,
  batchBytesMax: 1 << 20,
  refusalsMax: 1000,
  streamFields: ['service', 'host'],
}

interface Outcome {
  /** In hexadecimal. */
  readonly batches: string[]
  readonly refusals: string
  readonly counters: string
}

function decodeIn(
  workspace: NdjsonWorkspace,
  chunks: readonly Uint8Array[],
  options: NdjsonOptions = OPTIONS,
): Outcome {
  const decoder = new NdjsonDecoder(workspace, options)
  const batches: string[] = []
  const drain = (): void => {
    for (let batch = decoder.next(); batch !== null; batch = decoder.next())
      batches.push(Buffer.from(batch.bytes).toString('hex'))
  }
  for (const chunk of chunks) {
    decoder.push(chunk, 1_750_000_000_123, 456)
    drain()
  }
  decoder.end(true, 1_750_000_000_123, 456)
  drain()
  return {
    batches,
    refusals: JSON.stringify(decoder.refusals),
    counters: JSON.stringify(decoder.counters),
  }
}

const workspaceWith = (instantiate: InstantiateKernel): NdjsonWorkspace =>
  new NdjsonWorkspace(1 << 20, new SeededRandom(SEED), instantiate)

/** How many bytes the kernel wrote, of records, since it was made. */
function countedKernel(): { readonly instantiate: InstantiateKernel; count(): number } {
  let records = 0
  const instantiate: InstantiateKernel = (base64, imports) => {
    const instance = instantiateKernel(base64, imports)
    if (instance === null) return null
    const { readLines } = instance.functions
    const result = new Int32Array(instance.memory, instance.constants['RESULT'], 4)
    const counted = (...values: number[]): number => {
      const said = readLines(...values)
      records += result[2]
      return said
    }
    return { ...instance, functions: { ...instance.functions, readLines: counted } }
  }
  return { instantiate, count: () => records }
}

/** Bytes that lines are made of, and those that break them. */
const PIECES = [
  ...[
    'a',
    'host',
    '\\"',
    '\\\\',
    '\\/',
    '\\b\\f\\n\\r\\t',
    '\\u0041',
    '\\u00e9',
    '\\u20ac',
    '\\ud83d\\ude00',
  ],
  ...[
    '\\ud800',
    '\\udc00',
    '\\ud800\\u0041',
    '\\ud800\\ue000',
    '\\ud800\\ud800\\udc00',
    '\\uD83d\\uDE00',
    '\\u12g4',
    '\\x',
    '\\',
    '"',
    '\u0001',
    '\t',
    '\r',
  ],
  ...[
    '€',
    '\u{1f600}',
    '\u007f',
    'sixteen bytes ab',
    'more than sixteen bytes, and some',
    ' ',
    '',
    '/',
    ':',
    '`',
  ],
  'x'.repeat(300),
]
const NUMBERS = ['0', '-0', '7', '-12.5e+3', '1E5', '01', '-', '1.', '.5', '1e', '99999999999999999999', '+1']
const OTHERS = [
  'true',
  'false',
  'null',
  'tru',
  'falsy',
  'nul',
  '[]',
  '[1,2]',
  '[ 1 ]',
  '[[[1]]]',
  '[1',
  '{}',
  '',
]
const TIMES = [
  ...[
    '2026-01-01T00:00:07.123Z',
    '2026-01-01T00:00:07Z',
    '2026-01-01T00:00:08.123456789Z',
    '2026-01-01T00:00:60Z',
  ],
  ...[
    '2026-01-01T00:00:07.Z',
    '2026-01-01T00:00:07.1234567890Z',
    '2026-01-01T00:00:7Z',
    '1969-12-31T23:59:59.5Z',
  ],
  ...[
    '2026-01-01T00:01:07+01:00',
    '2026-01-01 00:00:07Z',
    '1767225600',
    '1767225600.25',
    '0',
    '-',
    '',
    'nonsense',
  ],
  ...['1677-09-21T00:12:43Z', '2262-04-11T23:47:16Z', '2262-04-11T23:47:17Z', '2026-01-01T00:00:0/Z', '-1'],
]
const LEVELS = [
  'info',
  'INFO',
  'Warning',
  'e',
  'informational',
  'loud',
  'ääää',
  '',
  'verbose1',
  'x'.repeat(65),
]

class LineMaker {
  readonly #random: SeededRandom

  constructor(random: SeededRandom) {
    this.#random = random
  }

  line(): Buffer {
    const line = Buffer.from(this.#members(this.#random.below(8)))
    return this.#random.chance(0.2) ? this.#broken(line) : line
  }

  #members(shape: number): string {
    const time = `"_time":"${this.#pick(TIMES)}"`
    const level = `"level":"${this.#pick(LEVELS)}"`
    const stream = `"service":"${this.#pick(['api', 'web', ''])}","host":"${this.#text(1)}"`
    const message = `"_msg":"${this.#text(5)}"`
    if (shape < 3) return `{${time},${level},${stream},${message}}`
    if (shape === 3) return `{${message},"n":${this.#value()},${time}}`
    if (shape === 4)
      return `{"level":${this.#pick(['30', '50', '7'])},"_time":${this.#pick(NUMBERS)},${message}}`
    if (shape === 5) return `{"a":{"b":${this.#value()},"c":"${this.#text(3)}"},${level},${message}}`
    if (shape === 6) return `{ "_msg" : ${this.#value()} , "tags":${this.#pick(OTHERS)}}`
    return `{${message},"a rather long name of a field, of more than sixteen bytes":"${this.#text(2)}"}\r`
  }

  #value(): string {
    const kind = this.#random.below(3)
    return kind === 0 ? this.#pick(NUMBERS) : kind === 1 ? this.#pick(OTHERS) : `"${this.#text(2)}"`
  }

  #text(pieces: number): string {
    return Array.from({ length: this.#random.below(pieces + 1) }, () => {
      // Mostly text that is valid, or no line would be.
      return this.#random.chance(0.8) ? this.#pick(PIECES.slice(0, 10)) : this.#pick(PIECES)
    }).join('')
  }

  #broken(line: Buffer): Buffer {
    const at = this.#random.below(line.length + 1)
    const broken = Buffer.from(line)
    if (at < line.length && this.#random.chance(0.5)) {
      broken[at] = this.#random.below(256)
      return broken
    }
    return line.subarray(0, at)
  }

  #pick(choices: readonly string[]): string {
    return choices[this.#random.below(choices.length)]
  }
}

const joined = (lines: readonly Uint8Array[]): Buffer =>
  Buffer.concat(lines.flatMap((line) => [line, Uint8Array.of(0x0a)]))

function cut(bytes: Buffer, random: SeededRandom): Buffer[] {
  const chunks: Buffer[] = []
  const most = random.chance(0.5) ? 70_000 : 700
  for (let at = 0; at < bytes.length; at += chunks.at(-1)!.length)
    chunks.push(bytes.subarray(at, at + 1 + random.below(most)))
  return chunks
}

const narrow = (random: SeededRandom): NdjsonOptions => ({
  ...OPTIONS,
  recordBytesMax: 1 + random.below(400),
  batchBytesMax: 400 + random.below(2000),
  lineBytesMax: 100 + random.below(500),
  fieldsMax: 1 + random.below(6),
  depthMax: 1 + random.below(4),
})

const line = (message: string): string => `{"_time":"2026-01-01T00:00:00Z","_msg":"${message}"}\n`

describe('The NDJSON kernel', () => {
  it('makes the same bytes as its twin of any lines, however they are cut, within any limits', () => {
    const { instantiate, count } = countedKernel()
    const kernel = workspaceWith(instantiate)
    const twin = workspaceWith(refuseKernel)
    for (let round = 0; round < ROUNDS; round++) {
      const random = new SeededRandom(SEED + round)
      const maker = new LineMaker(random)
      const bytes = joined(Array.from({ length: 1 + random.below(80) }, () => maker.line()))
      const options = random.chance(0.5) ? OPTIONS : narrow(random)
      const chunks = cut(bytes, random)
      const told = `seed ${SEED + round}`
      assert.deepEqual(decodeIn(kernel, chunks, options), decodeIn(twin, chunks, options), told)
    }
    assert.ok(count() > ROUNDS * 5, `the kernel read only ${count()} lines`)
  })

  it('makes the same bytes as its twin of bytes that are no lines at all', () => {
    const kernel = workspaceWith(instantiateKernel)
    const twin = workspaceWith(refuseKernel)
    const usual = Buffer.from(line('usual'))
    for (let round = 0; round < ROUNDS; round++) {
      const random = new SeededRandom(SEED + round)
      const noise = Buffer.from(Array.from({ length: random.below(400) }, () => random.below(256)))
      const bytes = Buffer.concat([usual, usual.subarray(0, random.below(usual.length)), noise, usual, noise])
      assert.deepEqual(decodeIn(kernel, [bytes]), decodeIn(twin, [bytes]), `seed ${SEED + round}`)
    }
  })

  it('takes chunks and lines that are larger than its memory, and output that is larger than its input', () => {
    const { instantiate, count } = countedKernel()
    const kernel = workspaceWith(instantiate)
    const twin = workspaceWith(refuseKernel)
    const long = 'long '.repeat(40_000)
    const escaped = '\\n\\u00e9'.repeat(12_000)
    const text =
      line('a').repeat(9000) + line(long) + line(escaped).repeat(3) + '{"_msg":1,"a":2}\n'.repeat(40_000)
    const bytes = Buffer.from(text)
    assert.deepEqual(decodeIn(kernel, [bytes]), decodeIn(twin, [bytes]))
    assert.ok(count() > 48_990, `the kernel read only ${count()} lines`)
  })

  it('reads lines of decoders that take turns, each with its limits, its arrival and its names', () => {
    const outcomes = [instantiateKernel, refuseKernel].map((instantiate) => {
      const workspace = workspaceWith(instantiate)
      // More sets of options than a workspace remembers, so that some decoders outlive their vocabulary.
      const decoders = Array.from({ length: 40 }, (_, index) => {
        const batchBytesMax = 400 + index
        const options = {
          ...OPTIONS,
          streamFields: [`s${index % 20}`],
          recordBytesMax: 20 + index,
          batchBytesMax,
        }
        return new NdjsonDecoder(workspace, options)
      })
      const bytes = Buffer.from(
        [3, 20, 40, 59, 60].map((length) => line('x'.repeat(length)).repeat(3)).join(''),
      )
      const batches: string[] = []
      for (let round = 0; round < 3; round++) {
        decoders.forEach((decoder, index) => {
          decoder.push(bytes, 1_000_000 * round + index, index)
        })
        let isAnyLeft = true
        while (isAnyLeft) {
          const found = decoders.map((decoder) => Buffer.from(decoder.next()?.bytes ?? []).toString('hex'))
          isAnyLeft = found.some((batch) => batch !== '')
          batches.push(...found)
        }
      }
      return { batches, counters: decoders.map(({ counters }) => counters) }
    })
    assert.deepEqual(outcomes[0], outcomes[1])
    assert.ok(
      outcomes[0].counters.every(({ records, refusedLines }) => records > 0 && records + refusedLines === 45),
    )
  })

  it('keeps more shapes than it has room for at once, by forgetting all of them', () => {
    const { instantiate, count } = countedKernel()
    const kernel = workspaceWith(instantiate)
    const twin = workspaceWith(refuseKernel)
    const text = Array.from({ length: 3000 }, (_, shape) => {
      const member = `{"_msg":"x","field ${shape} ${'of a long name '.repeat(12)}":${shape}}\n`
      return member + line('usual').repeat(6)
    }).join('')
    const bytes = Buffer.from(text + line('usual').repeat(100))
    assert.deepEqual(decodeIn(kernel, [bytes]), decodeIn(twin, [bytes]))
    assert.ok(count() > 10_000, `the kernel read only ${count()} lines`)
  })

  it('is not there where WebAssembly is refused', () => {
    assert.equal(workspaceWith(refuseKernel).kernel, null)
    const { WebAssembly: language } = globalThis as { WebAssembly?: unknown }
    try {
      Reflect.set(globalThis, 'WebAssembly', undefined)
      assert.equal(instantiateKernel('', {}), null)
      assert.equal(workspaceWith(instantiateKernel).kernel, null)
    } finally {
      Reflect.set(globalThis, 'WebAssembly', language)
    }
    assert.equal(instantiateKernel(Buffer.from('no kernel').toString('base64'), {}), null)
  })
})
