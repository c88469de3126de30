/**
 * Random batches for runs of a store (engine-run.ts): times of several days, late and early ones, templates, corpus
 * lines, JSON, random bytes, many fields, large messages. Each record says its own number, so that no two are equal.
 */

import type { SeededRandom } from '../base/base.ts'
import { FIELD_NUMBER } from '../record/record.ts'
import type { SampleBatch, SampleField, SampleRecord } from './sample-records.ts'

const DAY_MS = 86_400_000

export interface BatchSource {
  readonly random: SeededRandom
  /** Lines of real logs; may be empty. */
  readonly corpus: readonly string[]
  /** The number of the next record. */
  sequence: number
}

export function engineBatch(source: BatchSource, wallMs: number, key?: string): SampleBatch {
  const { random } = source
  const count = random.chance(0.06) ? 1 + random.below(100) : 1 + random.below(8)
  const isScattered = random.chance(0.05)
  const records = Array.from({ length: count }, () => engineRecord(source, wallMs, isScattered))
  const shared = random.chance(0.4)
    ? [{ name: 'host', value: `node-${random.below(4)}`, isStream: random.chance(0.5) }]
    : []
  return { receivedMs: wallMs, key, records, shared }
}

function engineRecord(source: BatchSource, wallMs: number, isScattered: boolean): SampleRecord {
  const { random } = source
  const number = source.sequence++
  const isInMessage = random.chance(0.7)
  const message = randomMessage(source)
  const fields = randomFields(random)
  if (!isInMessage) fields.push({ name: 'seq', value: `${number}`, kind: FIELD_NUMBER })
  return {
    message: isInMessage ? Buffer.concat([Buffer.from(message), Buffer.from(` #${number}`)]) : message,
    timeMs: randomTime(random, wallMs, isScattered),
    timeNs: random.chance(0.2) ? random.below(1_000_000) : 0,
    severity: random.below(25),
    levelWord: random.chance(0.3) ? ['info', 'WARN', 'Error'][random.below(3)] : undefined,
    fields,
  }
}

function randomTime(random: SeededRandom, wallMs: number, isScattered: boolean): number {
  if (isScattered) return wallMs - random.below(400) * DAY_MS
  const roll = random.below(100)
  if (roll < 80) return wallMs - random.below(10_000)
  if (roll < 92) return wallMs + (random.below(9) - 5) * DAY_MS + random.below(DAY_MS)
  if (roll < 97) return wallMs - random.below(86_400) * 1000
  return random.below(2_000_000_000) * 1000
}

function randomMessage({ random, corpus }: BatchSource): string | Uint8Array {
  const roll = random.below(100)
  if (roll < 35 && corpus.length > 0) return corpus[random.below(corpus.length)]
  if (roll < 60)
    return `request ${random.below(1000)} from 10.0.0.${random.below(256)} took ${random.below(90)} ms`
  if (roll < 70) return JSON.stringify({ user: random.below(50), path: `/a/${random.below(9)}`, ok: true })
  if (roll < 80) return Uint8Array.from({ length: random.below(300) }, () => random.below(256))
  if (roll < 85) return `Error: x\n${'    at f (a.js:1:2)\n'.repeat(random.below(20))}`
  if (roll < 86) return `${'v'.repeat(random.below(8000))}`
  if (roll < 90)
    return Array.from({ length: random.below(100) }, (_, n) => `${n}=${random.below(9)}`).join(' ')
  if (roll < 94) return ''
  return 'the same again'
}

function randomFields(random: SeededRandom): SampleField[] {
  const roll = random.below(100)
  if (roll < 50) return []
  if (roll < 99)
    return Array.from({ length: 1 + random.below(4) }, (_, n) => ({
      name: `f${n}`,
      value: random.chance(0.7) ? `${random.below(30)}` : `value-${random.below(5)}`,
    }))
  return Array.from({ length: 60 }, (_, n) => ({ name: `wide.${random.below(3)}.${n}`, value: `${n}` }))
}
