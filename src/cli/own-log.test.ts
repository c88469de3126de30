import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openOwnLog } from './own-log.ts'

function linesOf(
  format: 'pretty' | 'json',
  level: string,
): { lines: string[]; log: ReturnType<typeof openOwnLog> } {
  const lines: string[] = []
  return { lines, log: openOwnLog({ write: (text) => lines.push(text) }, { format, level }) }
}

test('the pretty form is one line with time, level, message and fields', () => {
  const { lines, log } = linesOf('pretty', 'info')
  log.warn({ store: 'logs', count: 3 }, 'careful')
  assert.match(lines[0], /^\d{4}-\d\d-\d\dT[\d:.]+Z WARN {2}careful {2}store=logs {2}count=3\n$/)
})

test('text that came from outside cannot break out of its line or drive the terminal', () => {
  const { lines, log } = linesOf('pretty', 'info')
  log.info({ peer: '\x1b[2J' }, 'two\nlines')
  assert.match(lines[0], /two\\nlines {2}peer=\\x1b\[2J\n$/)
})

test('the JSON form is pino’s, and levels below the chosen one are left out', () => {
  const { lines, log } = linesOf('json', 'warn')
  log.info('not shown')
  log.error({ store: 'logs' }, 'shown')
  assert.equal(lines.length, 1)
  const { level, msg, store } = JSON.parse(lines[0])
  assert.deepEqual({ level, msg, store }, { level: 50, msg: 'shown', store: 'logs' })
})
