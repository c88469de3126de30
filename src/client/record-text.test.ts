import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { NewRecord } from '../record/record.ts'
import { encodeRecordText } from './record-text.ts'

const NOW_MS = Date.UTC(2026, 0, 1)
const fieldsOf = (fields: unknown): unknown => {
  const record = { message: 'x', fields } as NewRecord
  return JSON.parse(encodeRecordText(record, NOW_MS).json).fields
}
const timestampOf = (time: NewRecord['time']): unknown =>
  JSON.parse(encodeRecordText({ message: 'x', time }, NOW_MS).json).timestamp

describe('encodeRecordText', () => {
  it('writes what is there, and counts its bytes in UTF-8', () => {
    const record = { message: 'é', level: 'warn', fields: { a: 1 }, stream: { service: 'api' } }
    assert.deepEqual(encodeRecordText(record, NOW_MS), {
      json:
        '{"message":"é","level":"warn","timestamp":"2026-01-01T00:00:00Z",' +
        '"fields":{"a":1},"stream":{"service":"api"}}',
      bytes: 110,
    })
  })

  it('keeps the meaning of what JSON does not know', () => {
    class Money {
      toJSON(): string {
        return '5 EUR'
      }
    }
    const values = { big: 12n, nan: Number.NaN, far: -Infinity, bytes: Buffer.from('hé'), none: null }
    const left = { gone: undefined, call: () => {}, mark: Symbol('x') }
    const nested = { list: [1, undefined, 2n, { deep: new Date(0) }], money: new Money() }
    assert.deepEqual(fieldsOf({ ...values, ...left, ...nested }), {
      big: '12',
      nan: 'NaN',
      far: '-Infinity',
      bytes: 'hé',
      none: null,
      list: [1, null, '2', { deep: '1970-01-01T00:00:00.000Z' }],
      money: '5 EUR',
    })
  })

  it('takes an Error apart, with its cause and its own members', () => {
    const error = Object.assign(new RangeError('too far', { cause: new Error('why') }), { code: 'E1' })
    const { stack, cause, ...rest } = (fieldsOf({ error }) as { error: Record<string, unknown> }).error
    assert.deepEqual(rest, { code: 'E1', name: 'RangeError', message: 'too far' })
    assert.match(String(stack), /RangeError: too far/)
    assert.equal((cause as { message: string }).message, 'why')
  })

  it('keeps names that mean something to JavaScript', () => {
    const fields = JSON.parse('{"__proto__":{"a":1},"constructor":2}')
    assert.equal(JSON.stringify(fieldsOf(fields)), '{"__proto__":{"a":1},"constructor":2}')
  })

  it('takes times as a Date, as milliseconds with a fraction, and as text', () => {
    assert.equal(timestampOf(undefined), '2026-01-01T00:00:00Z')
    assert.equal(timestampOf(new Date(1500)), '1970-01-01T00:00:01.500Z')
    assert.equal(timestampOf(1500.25), '1970-01-01T00:00:01.500250Z')
    assert.equal(timestampOf('2024-06-10T06:13:19.123456789Z'), '2024-06-10T06:13:19.123456789Z')
  })

  it('refuses with a reason what nobody could read', () => {
    const deep = JSON.parse(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`)
    const broken = {
      toJSON(): never {
        throw new Error('not today')
      },
    }
    const cases: readonly (readonly [unknown, RegExp])[] = [
      [null, /A record is an object/],
      ['text', /A record is an object/],
      [{}, /message is missing/],
      [{ message: new Uint8Array(0) }, /message is empty/],
      [{ message: 'x', time: {} }, /time cannot be read/],
      [{ message: 'x', time: 1e300 }, /out of range/],
      [{ message: 'x', fields: [1] }, /`fields` is no object/],
      [{ message: 'x', stream: 'api' }, /`stream` is no object/],
      [{ message: 'x', fields: { deep } }, /nested deeper than 32/],
      [{ message: 'x', fields: { broken } }, /cannot be written as JSON: not today/],
    ]
    for (const [record, reason] of cases) {
      assert.throws(() => encodeRecordText(record as NewRecord, NOW_MS), reason)
    }
  })
})
