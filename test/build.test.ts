import assert from 'node:assert/strict'
import { it } from 'node:test'
import { renameWorkers } from '../dev/build.ts'

it('gives the file of a worker the name that it has when built', () => {
  assert.equal(
    renameWorkers(`new Worker(new URL('./seal-worker.ts', import.meta.url), { name: 'seal' })`),
    `new Worker(new URL('./seal-worker.js', import.meta.url), { name: 'seal' })`,
  )
  assert.equal(
    renameWorkers(`new URL("../a/b.ts", import.meta.url)`),
    `new URL("../a/b.js", import.meta.url)`,
  )
})

it('leaves other addresses alone', () => {
  const script = `new URL('../package.json', import.meta.url); new URL('http://a/b.ts'); './a.ts'`
  assert.equal(renameWorkers(script), script)
})
