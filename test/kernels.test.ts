/** What is committed of the WebAssembly kernels is what their sources say: compiled again, they are the same bytes. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, it } from 'node:test'
import { KERNELS, kernelModulePath, makeKernelModule } from '../dev/kernels.ts'

describe('Kernels', () => {
  it('are all declared', () => {
    const sources = globSync('*.ts', { cwd: join(import.meta.dirname, '../kernels') })
    assert.deepEqual(
      sources.map((path) => basename(path, '.ts')).sort(),
      KERNELS.map(({ name }) => name).sort(),
    )
  })

  for (const kernel of KERNELS) {
    it(`compile to the bytes that are committed: ${kernel.name}`, async () => {
      const committed = readFileSync(kernelModulePath(kernel), 'utf8')
      assert.equal(await makeKernelModule(kernel), committed, 'run: npm run -s node -- dev/kernels.ts')
    })
  }
})
