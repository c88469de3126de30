/**
 * Compiles the WebAssembly kernels: each `kernels/<name>.ts` (AssemblyScript) becomes a TypeScript module that holds
 * its bytes, because what is published is modules and nothing else. test/kernels.test.ts compiles them again and
 * compares, so what is committed is what the source says.
 *
 *   npm run -s node -- dev/kernels.ts
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import asc from 'assemblyscript/asc'

export interface KernelDeclaration {
  /** Of its source in kernels/, without the ending. */
  readonly name: string
  /** The module that holds its bytes. */
  readonly module: string
  /** Of 64 KiB each. The memory of a kernel never grows. */
  readonly memoryPages: number
}

/** A kernel is its source and a row here. */
export const KERNELS: readonly KernelDeclaration[] = [
  { name: 'columns', module: 'src/storage/columns/column-kernel-bytes.ts', memoryPages: 335 },
  { name: 'template-hashes', module: 'src/query/stats/template-hash-kernel-bytes.ts', memoryPages: 64 },
  { name: 'ndjson', module: 'src/ingest/ndjson-kernel-bytes.ts', memoryPages: 44 },
  { name: 'text', module: 'src/storage/template/text-kernel-bytes.ts', memoryPages: 2497 },
]

const root = join(import.meta.dirname, '..')
const LINE_CHARACTERS = 100

/** The text of the module that holds a kernel. Throws what the compiler says. */
export async function makeKernelModule(kernel: KernelDeclaration): Promise<string> {
  const source = `kernels/${kernel.name}.ts`
  const bytes = await compile(source, kernel.memoryPages)
  const digest = createHash('sha256')
    .update(readFileSync(join(root, source)))
    .digest('hex')
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(new RegExp(`.{1,${LINE_CHARACTERS}}`, 'g')) ?? []
  return `/**
 * Made by dev/kernels.ts from ${source}, whose SHA-256 is
 * ${digest}.
 * ${bytes.length} bytes of WebAssembly in base64. Do not edit.
 */
export const ${kernel.name.toUpperCase().replaceAll('-', '_')}_KERNEL = [
${lines.map((line) => `  '${line}',`).join('\n')}
].join('')
`
}

export function kernelModulePath(kernel: KernelDeclaration): string {
  return join(root, kernel.module)
}

async function compile(source: string, memoryPages: number): Promise<Uint8Array> {
  let made: Uint8Array | null = null
  const options = ['--outFile', 'kernel.wasm', '--baseDir', root, '--runtime', 'stub', '--noAssert', '-O3']
  const pages = String(memoryPages)
  const memory = ['--initialMemory', pages, '--maximumMemory', pages, '--enable', 'simd']
  const { error, stderr } = await asc.main([source, ...options, ...memory], {
    writeFile: (_name: string, contents: Uint8Array | string) => {
      if (typeof contents !== 'string') made = contents
    },
  })
  if (error !== null || made === null) throw new Error(`${source} does not compile:\n${stderr.toString()}`)
  return made
}

if (import.meta.main) {
  for (const kernel of KERNELS) {
    const text = await makeKernelModule(kernel)
    writeFileSync(kernelModulePath(kernel), text)
    console.log(`${kernel.module}: ${text.length} characters`)
  }
}
