import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkConfig } from './config.ts'

function check(env: Record<string, string>, ignoredEnv: string[] = []) {
  const { loaded, problems, warnings } = checkConfig({ env, flags: {}, ignoredEnv })
  const textsOf = (list: typeof problems) => list.map(({ text }) => text)
  return { config: loaded?.config, problems: textsOf(problems), warnings: textsOf(warnings) }
}

describe('options from variables', () => {
  it('have the name of the path, without ports', () => {
    const { config } = check({
      LOGCASTER_LOG_LISTEN: '127.0.0.1:5140, [::1]:5140',
      LOGCASTER_RECORD_BYTES_MAX: '100KiB',
      LOGCASTER_STORAGE_ACCEPT_LOSS: 'true',
      PATH: '/bin',
    })
    assert.deepEqual(config?.ports.log.listen, [
      { host: '127.0.0.1', port: 5140 },
      { host: '::1', port: 5140 },
    ])
    assert.equal(config?.record.bytesMax, 102_400)
    assert.equal(config?.storage.acceptLoss, true)
  })

  it('that are wrong are reported under their name', () => {
    assert.deepEqual(check({ LOGCASTER_RECORD_BYTES_MAX: 'lots' }).problems, [
      'LOGCASTER_RECORD_BYTES_MAX: "lots" is not a number of bytes; write a size such as 256KiB or 4MB',
    ])
  })

  it('that are set to nothing are a problem, not the default and not an empty list', () => {
    assert.deepEqual(check({ LOGCASTER_QUERY_ALLOW: '' }).problems, [
      'LOGCASTER_QUERY_ALLOW: is empty; write a value such as 127.0.0.0/8,::1/128, or leave it out',
    ])
  })

  it('that are misspelt are a problem, so that no policy is overlooked', () => {
    assert.deepEqual(check({ LOGCASTER_QUERY_ALOW: '10.0.0.0/8' }).problems, [
      'LOGCASTER_QUERY_ALOW: unknown variable; did you mean LOGCASTER_QUERY_ALLOW?',
    ])
  })

  it('that resemble none of ours are only warned of', () => {
    assert.deepEqual(check({ LOGCASTER_VERSION: '1.2.3' }), {
      config: check({}).config,
      problems: [],
      warnings: ['LOGCASTER_VERSION: no option has this variable; it is ignored'],
    })
  })

  it('that belong to the caller are left alone', () => {
    const { problems, warnings } = check({ LOGCASTER_QUERY_ALOW: 'x', LOGCASTER_CONFIG: 'a.yaml' }, [
      'LOGCASTER_QUERY_ALOW',
      'LOGCASTER_CONFIG',
    ])
    assert.deepEqual([problems, warnings], [[], []])
  })

  it('that Kubernetes sets for a service named like ours are left alone', () => {
    const { problems, warnings } = check({
      LOGCASTER_SERVICE_HOST: '10.0.0.1',
      LOGCASTER_SERVICE_PORT: '9999',
      LOGCASTER_SERVICE_PORT_LOG: '9999',
      LOGCASTER_PORT: 'tcp://10.0.0.1:9999',
      LOGCASTER_PORT_9999_TCP: 'tcp://10.0.0.1:9999',
      LOGCASTER_PORT_9999_TCP_ADDR: '10.0.0.1',
      LOGCASTER_PORT_9999_TCP_PORT: '9999',
      LOGCASTER_PORT_9999_TCP_PROTO: 'tcp',
      LOGCASTER_LOG_PORT: 'tcp://10.0.0.1:9999',
    })
    assert.deepEqual([problems, warnings], [[], []])
  })

  it('that only look like those of Kubernetes are not', () => {
    assert.equal(check({ LOGCASTER_PORT: '9999' }).warnings.length, 1)
  })
})
