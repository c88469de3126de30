import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OPTIONS, printSchema } from './config.ts'

interface Schema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: boolean
  readonly pattern?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly minItems?: number
  readonly description?: string
  readonly default?: unknown
}

const schema: Schema = JSON.parse(printSchema())

function schemaAt(names: readonly string[]): Schema {
  return names.reduce((at, name) => at.properties![name], schema)
}

/** As much of JSON Schema as ours uses. */
function accepts(at: Schema, value: unknown): boolean {
  if (at.anyOf !== undefined) return at.anyOf.some((one) => accepts(one, value))
  if (at.enum !== undefined) return at.enum.includes(value)
  if (at.const !== undefined) return at.const === value
  const types = typeof at.type === 'string' ? [at.type] : (at.type ?? [])
  if (Array.isArray(value)) {
    const { items, minItems = 0 } = at
    return types.includes('array') && value.length >= minItems && value.every((item) => accepts(items!, item))
  }
  if (typeof value === 'string') return types.includes('string') && new RegExp(at.pattern ?? '').test(value)
  return types.includes(typeof value === 'number' ? 'integer' : typeof value)
}

describe('the JSON Schema', () => {
  it('describes every option, and knows no other', () => {
    for (const { names, path } of OPTIONS) assert.ok(schemaAt(names).description, path)
    assert.equal(schema.additionalProperties, false)
    assert.equal(schemaAt(['ports', 'log', 'tls']).additionalProperties, false)
  })

  it('accepts every default, also as text', () => {
    for (const { names, path, default: texts } of OPTIONS) {
      const at = schemaAt(names)
      if (texts === undefined) continue
      assert.ok(accepts(at, at.default), path)
    }
  })

  for (const [path, good, bad] of [
    ['record.bytesMax', ['256KiB', 1000, '4 MB', '17'], ['lots', '4 apples', true]],
    ['drainMsMax', ['10s', '1h30m', 500], ['soon', '10 s']],
    [
      'ports.log.listen',
      ['off', '[::1]:9999', ['127.0.0.1:1', 'localhost:2'], []],
      ['9999', 9999, ['off', 1]],
    ],
    ['ports.log.allow', ['::/0', ['10.0.0.0/8', '192.168.1.1']], [[], 'everybody']],
    ['ports.log.grant', ['write', ['write', 'read'], [], 'nothing'], ['root']],
    ['profile', ['lan'], ['wan', 1]],
    ['clientAddressFields', [true, false], ['yes']],
  ] as const) {
    it(`of ${path} tells right values from wrong ones`, () => {
      const at = schemaAt(path.split('.'))
      for (const value of good) assert.ok(accepts(at, value), `refuses ${JSON.stringify(value)}`)
      for (const value of bad) assert.ok(!accepts(at, value), `accepts ${JSON.stringify(value)}`)
    })
  }
})
