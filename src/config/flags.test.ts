import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseArgs } from 'node:util'
import { checkConfig, optionFlags } from './config.ts'

function check(...args: string[]) {
  const { values } = parseArgs({ args, allowNegative: true, options: optionFlags() })
  const { loaded, problems } = checkConfig({ env: {}, flags: values })
  return { config: loaded?.config, problems: problems.map(({ text }) => text) }
}

describe('options from flags', () => {
  it('have the name of the path, without ports', () => {
    const { config } = check(
      '--log-listen',
      '127.0.0.1:5140',
      '--record-bytes-max=100KiB',
      '--drain-ms-max',
      '3s',
    )
    assert.deepEqual(config?.ports.log.listen, [{ host: '127.0.0.1', port: 5140 }])
    assert.equal(config?.record.bytesMax, 102_400)
    assert.equal(config?.drainMsMax, 3000)
  })

  it('take lists with commas, repeated, or both', () => {
    const { config } = check('--stores', 'audit,chat', '--stores', 'web')
    assert.deepEqual(config?.stores, ['audit', 'chat', 'web'])
  })

  it('that are true or false need no value, and can be denied', () => {
    assert.equal(check('--storage-accept-loss').config?.storage.acceptLoss, true)
    assert.equal(check('--no-client-address-fields').config?.clientAddressFields, false)
  })

  it('have short forms', () => {
    const { config } = check('-d', '/data', '-p', 'lan')
    assert.equal(config?.dataDir, '/data')
    assert.equal(config?.profile, 'lan')
  })

  it('that are wrong are reported under their name', () => {
    assert.deepEqual(check('--record-bytes-max', 'lots', '--profile', '').problems, [
      '--profile: is empty; write a value such as loopback, or leave it out',
      '--record-bytes-max: "lots" is not a number of bytes; write a size such as 256KiB or 4MB',
    ])
  })

  it('that are unknown or lack a value are problems', () => {
    const { problems } = checkConfig({
      env: {},
      flags: { 'log-lisen': 'off', 'data-dir': true, other: undefined },
    })
    assert.deepEqual(
      problems.map(({ text }) => text),
      ['--log-lisen: unknown option; did you mean --log-listen?', '--data-dir: needs a value'],
    )
  })
})
