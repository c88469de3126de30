import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { printReference, printSchema } from '../config/config.ts'
import { run } from './fake-io.ts'

const FILE = { 'c.yaml': 'record:\n  bytesMax: 64KiB\n' }
const BAD_FILE = { 'c.yaml': 'record:\n  bytesMx: 64KiB\nqery:\n  rowsMax: 5\n' }

describe('logcaster config', () => {
  it('checks: all problems at once, and 1', async () => {
    const { code, out } = await run(['config', 'check', '-c', 'c.yaml'], { files: BAD_FILE })
    assert.equal(code, 1)
    assert.match(out, /bytesMx: unknown option at line 2; did you mean .*bytesMax\?/)
    assert.match(out, /qery/)
  })

  it('checks: 0 when all is well', async () => {
    const { code, out, err } = await run(['config', 'check', '--config=c.yaml'], { files: FILE })
    assert.deepEqual([code, err], [0, ''])
    assert.match(out, /^The configuration is valid/)
  })

  it('shows values with where they come from: flags, variables, the file', async () => {
    const env = { LOGCASTER_QUERY_ROWS_MAX: '7', LOGCASTER_HOST: 'elsewhere', LOGCASTER_CONFIG: 'c.yaml' }
    const { code, out, err } = await run(['config', 'show', '-d', '/var/lib/x'], { files: FILE, env })
    assert.deepEqual([code, err], [0, ''])
    assert.match(out, /dataDir: \/var\/lib\/x +# --data-dir/)
    assert.match(out, /bytesMax: 64KiB +# c\.yaml line 2/)
    assert.match(out, /rowsMax: 7 +# LOGCASTER_QUERY_ROWS_MAX/)
  })

  it('takes switches and lists as flags', async () => {
    const words = ['config', 'show', '--no-client-address-fields', '--stores', 'a', '--stores=b']
    const { out } = await run(words)
    assert.match(out, /clientAddressFields: false +# --client-address-fields/)
    assert.match(out, /stores: \[a, b\] +# --stores/)
  })

  it('shows values and where they come from as JSON, secrets as references', async () => {
    const files = { ...FILE, 'key.pem': 'hunter2' }
    const words = [
      'config',
      'show',
      '--json',
      '-c',
      'c.yaml',
      '--log-tls-cert=a',
      '--log-tls-key=file:key.pem',
    ]
    const { code, out } = await run(words, { files })
    const shown = JSON.parse(out)
    assert.equal(code, 0)
    assert.deepEqual(shown['record.bytesMax'], { value: '64KiB', from: 'c.yaml line 2' })
    assert.deepEqual(shown['ports.log.listen'], { value: ['127.0.0.1:9999'], from: 'default' })
    assert.deepEqual(shown['ports.log.tls.key'], { value: 'file:key.pem', from: '--log-tls-key' })
    assert.equal(shown['ports.http.tls.key'].value, null)
    assert.ok(!out.includes('hunter2'))
  })

  it('checks as JSON, and lists all options as JSON', async () => {
    const good = await run(['config', 'check', '--json'])
    assert.deepEqual([good.code, JSON.parse(good.out)], [0, { valid: true, problems: [], warnings: [] }])
    const bad = await run(['config', 'check', '-o', 'json', '-c', 'c.yaml'], { files: BAD_FILE })
    const { valid, problems } = JSON.parse(bad.out)
    assert.deepEqual(
      [bad.code, valid, problems[0].place, problems[0].from],
      [1, false, 'record.bytesMx', 'c.yaml line 2'],
    )
    const options = JSON.parse((await run(['config', 'reference', '--json'])).out)
    assert.deepEqual(options[1].flag, '--data-dir')
  })

  it('refuses to show a configuration that is wrong, with 2', async () => {
    const { code, out, err } = await run(['config', 'show', '-c', 'c.yaml'], { files: BAD_FILE })
    assert.deepEqual([code, out], [2, ''])
    assert.match(err, /bytesMx/)
  })

  it('says when the file cannot be read', async () => {
    const { code, err } = await run(['config', 'check', '-c', 'none.yaml'])
    assert.deepEqual([code, err], [2, 'none.yaml: no such file\n'])
  })

  it('prints the reference and the schema', async () => {
    assert.equal((await run(['config', 'reference'])).out, printReference())
    assert.equal((await run(['config', 'schema'])).out, printSchema())
  })

  it('names the actions when it is given another', async () => {
    const { code, err } = await run(['config', 'chek'])
    assert.equal(code, 2)
    assert.match(err, /must be one of check, show, reference, schema, but got `chek`; did you mean `check`\?/)
  })
})
