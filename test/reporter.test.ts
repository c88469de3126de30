import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'

/** What the reporter prints about a test file of this text. */
function report(text: string): { status: number | null; stdout: string } {
  const folder = mkdtempSync(join(tmpdir(), 'logcaster-reporter-'))
  const file = join(folder, 'one.test.cjs')
  writeFileSync(file, `const { it } = require('node:test')\n${text}`)
  const reporter = join(import.meta.dirname, 'reporter.ts')
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const args = ['--test', `--test-reporter=${reporter}`, '--test-reporter-destination=stdout', file]
  try {
    return spawnSync(process.execPath, args, { env, encoding: 'utf8' })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

it('closes with the totals, once, when all is well', () => {
  const { status, stdout } = report(`it('is well', () => {})\nit.skip('is left out', () => {})`)
  assert.equal(status, 0)
  assert.match(stdout, /ℹ tests 2\n(ℹ .*\n)+$/)
  assert.doesNotMatch(stdout, /^# /m)
})

it('closes with the totals also below failures, which it prints at length', () => {
  const { status, stdout } = report(`it('is well', () => {})\nit('fails', () => { throw new Error('why') })`)
  assert.equal(status, 1)
  assert.match(
    stdout,
    /Error: why[\s\S]*\n# tests 2\n# pass 1\n# fail 1\n# cancelled 0\n# skipped 0\n# todo 0\n$/,
  )
})
