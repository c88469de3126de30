/** Fields, values and streams of the real program: over HTTP and with the commands, unsealed, sealed and merged. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { runCommand } from '../child-program.ts'
import { runCommandHere } from '../command-here.ts'
import { type RunningProgram, startProgram } from '../running-program.ts'

const TOKEN = 'operator-of-the-values-tests'
const HASH = createHash('sha256').update(TOKEN).digest('hex')
const ARGS = ['--tokens', `ops read,write,admin sha256:${HASH}`, '--ingest-stream-fields', 'host,app']
const LINES = 3000

const lines = (from: number): string =>
  Array.from({ length: LINES }, (_, n) =>
    JSON.stringify({
      _msg: `request ${from + n} ${n % 10 === 0 ? 'failed' : 'done'}`,
      level: n % 10 === 0 ? 'error' : 'info',
      host: `web-${n % 3}`,
      app: n % 2 === 0 ? 'shop' : 'cart',
      user: { name: `u${n % 7}` },
    }),
  ).join('\n')

describe('what records hold', () => {
  let program: RunningProgram

  before(async () => {
    program = await startProgram({ args: ARGS })
  })
  after(() => program[Symbol.asyncDispose]())

  const url = (path: string): string => `http://127.0.0.1:${program.httpPort}${path}`

  async function send(from: number, parameters = ''): Promise<void> {
    const answer = await fetch(url(`/api/v1/logs${parameters}`), {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-ndjson' },
      body: lines(from),
    })
    assert.equal(answer.status, 200, await answer.text())
  }

  async function ask(name: string, parameters: Record<string, string>): Promise<Record<string, number>> {
    const body = new URLSearchParams({ query: '*', ...parameters })
    const answer = await fetch(url(`/select/logsql/${name}`), { method: 'POST', body })
    assert.equal(answer.status, 200)
    const { values, cut } = (await answer.json()) as {
      values: { value: string; hits: number }[]
      cut: boolean
    }
    assert.equal(cut, false)
    return Object.fromEntries(values.map(({ value, hits }) => [value, hits]))
  }

  const operate = async (...words: string[]): Promise<void> => {
    const { code, stderr } = await runCommandHere([...words, '--http-port', String(program.httpPort)], {
      env: { LOGCASTER_TOKEN: TOKEN },
    })
    assert.deepEqual([code, stderr], [0, ''])
  }

  async function check(times: number): Promise<void> {
    const third = (LINES / 3) * times
    assert.deepEqual(await ask('field_values', { field: 'host' }), {
      'web-0': third,
      'web-1': third,
      'web-2': third,
    })
    const streams = await ask('streams', {})
    assert.deepEqual(
      Object.entries(streams).sort(),
      ['cart', 'shop'].flatMap((app) =>
        [0, 1, 2].map((n) => [`{app="${app}",host="web-${n}"}`, (LINES / 6) * times]),
      ),
    )
    assert.deepEqual(await ask('field_values', { field: 'level', query: 'failed' }), {
      error: (LINES / 10) * times,
    })
    assert.deepEqual(Object.keys(await ask('stream_field_names', {})).sort(), ['app', 'host'])
    assert.equal((await ask('field_names', {}))['user.name'], LINES * times)
    const [[id, hits]] = Object.entries(await ask('stream_ids', { query: 'host:="web-1" app:=shop' }))
    assert.deepEqual(await ask('streams', { query: `_stream_id:${id}` }), {
      '{app="shop",host="web-1"}': hits,
    })
  }

  it('is counted the same in the buffer, sealed and merged', async () => {
    await send(0)
    await check(1)
    await operate('flush')
    await check(1)
    await send(LINES)
    await check(2)
    await operate('merge', '--wait')
    await check(2)
  })

  it('is shown by the commands', async () => {
    const port = ['--http-port', String(program.httpPort)]
    const values = await runCommand(['values', 'app', 'failed', ...port])
    assert.deepEqual([values.code, values.stderr], [0, ''])
    assert.equal(values.stdout.toString(), '{"value":"shop","hits":600}\n')
    const fields = await runCommandHere(['fields', '--stream', '-o', 'table', ...port])
    assert.equal(fields.stdout.toString(), ' HITS  FIELD\n6,000  app\n6,000  host\n')
    const streams = await runCommandHere(['streams', '-n', '1', ...port])
    assert.match(streams.stderr, /1 most frequent of 6/)
  })

  it('leaves streams to the sender who names them, or who names none', async () => {
    await send(0, '?stream_fields=user.name')
    await send(0, '?stream_fields=')
    const streams = await ask('streams', { filter: 'user.name' })
    assert.equal(Object.keys(streams).length, 7)
    const all = Object.values(await ask('streams', {})).reduce((sum, hits) => sum + hits, 0)
    assert.equal(all, 3 * LINES)
  })
})
