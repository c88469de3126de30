import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'

const root = join(import.meta.dirname, '..')

/** Starts a program behind the check, in a Node.js that takes itself for `version`. */
function startAs(version: string): { status: number | null; stdout: string; stderr: string } {
  const disguise = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } })`
  const args = ['--import', `data:text/javascript,${encodeURIComponent(disguise)}`]
  return spawnSync(process.execPath, [...args, '--import', './dev/node-check.js', '--print', '"started"'], {
    cwd: root,
    encoding: 'utf8',
  })
}

it('lets a Node.js start that is new enough', () => {
  for (const version of ['24.12.0', '24.21.0', '24.12.1-nightly', '25.0.0']) {
    assert.equal(startAs(version).stdout, 'started\n', version)
  }
})

it('ends with one sentence that names both versions when Node.js is too old', () => {
  for (const version of ['20.19.5', '24.9.0', '24.11.99', '8.0.0']) {
    const { status, stdout, stderr } = startAs(version)
    assert.equal(status, 1, version)
    assert.equal(stdout, '')
    assert.match(stderr, /^LogCaster needs Node\.js [\d.]+ or newer, and this is [\d.]+: .*\n$/)
    assert.ok(stderr.includes(` this is ${version}: `))
  }
})

it('is what the commands of the first minute load', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const name of ['start', 'logcaster', 'test', 'soak']) {
    assert.match(scripts[name], /^exec dev\/node\/node\.sh --import \.\/dev\/node-check\.js /, name)
  }
})
