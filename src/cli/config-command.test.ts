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
