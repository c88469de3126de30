import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemError } from '../../base/base.ts'
import { FakeIo } from '../fake-io.ts'
import { HISTORY_LINES_MAX, History } from './history.ts'

const PATH = '/home/me/.local/state/logcaster/history'
const env = { HOME: '/home/me' }

async function contentOf(io: FakeIo): Promise<string> {
  return Buffer.from(await io.readFile(PATH)).toString()
}

describe('the history of the shell', () => {
  it('remembers lines in a file, each once in a row', async () => {
    const io = new FakeIo({ env })
    const history = await History.open(io)
    for (const line of ['a', 'b', 'b', 'a']) await history.push(line)
    assert.equal(await contentOf(io), 'a\nb\na\n')
    assert.deepEqual((await History.open(io)).lines, ['a', 'b', 'a'])
  })

  it('keeps no line that is long or has control characters, and reads none', async () => {
    const io = new FakeIo({ env, files: { [PATH]: 'a\nb\x1b[2J\n' } })
    const history = await History.open(io)
    await history.push('x\x07y')
    await history.push('x'.repeat(5000))
    assert.deepEqual([history.lines, await contentOf(io)], [['a'], 'a\nb\x1b[2J\n'])
  })

  it('is cut back to the newest lines when it has grown', async () => {
    const lines = Array.from({ length: 2 * HISTORY_LINES_MAX + 1 }, (_, i) => `q${i}`)
    const io = new FakeIo({ env, files: { [PATH]: `${lines.join('\n')}\n` } })
    const history = await History.open(io)
    assert.deepEqual(history.lines, lines.slice(-HISTORY_LINES_MAX))
    assert.equal(await contentOf(io), `${lines.slice(-HISTORY_LINES_MAX).join('\n')}\n`)
  })

  it('does without where no directory is known, or nothing can be written', async () => {
    const homeless = await History.open(new FakeIo())
    await homeless.push('a')
    assert.deepEqual(homeless.lines, ['a'])
    const full = new FakeIo({ env })
    full.writePrivateFile = () => Promise.reject(systemError('ENOSPC', 'no space left on device'))
    const history = await History.open(full)
    await history.push('a')
    assert.deepEqual(history.lines, ['a'])
  })
})
