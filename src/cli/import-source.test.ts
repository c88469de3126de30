import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { HEAD_BYTES, ImportSource } from './import-source.ts'

const TEXT = Array.from({ length: 60_000 }, (_, i) => `line ${i} of this file\n`).join('')
const HALVES = [TEXT.slice(0, 500_000), TEXT.slice(500_000)]

const FORMS: readonly [name: string, bytes: Buffer, compression: string][] = [
  ['plain', Buffer.from(TEXT), 'none'],
  ['gzip', gzipSync(TEXT), 'gzip'],
  ['gzip in two members', Buffer.concat(HALVES.map((half) => gzipSync(half))), 'gzip'],
  ['zstd', zstdCompressSync(TEXT), 'zstd'],
  ['zstd in two frames', Buffer.concat(HALVES.map((half) => zstdCompressSync(half))), 'zstd'],
  ['zstd in a thousand frames', thousandFrames(), 'zstd'],
]

function thousandFrames(): Buffer {
  const step = Math.ceil(TEXT.length / 1000)
  return Buffer.concat(
    Array.from({ length: 1000 }, (_, i) => zstdCompressSync(TEXT.slice(i * step, i * step + step))),
  )
}

describe('ImportSource', () => {
  let directory = ''
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'logcaster-import-'))
  })
  after(() => rm(directory, { recursive: true }))

  async function sourceOf(bytes: Buffer): Promise<ImportSource> {
    const path = join(directory, 'file')
    await writeFile(path, bytes)
    return ImportSource.open(path)
  }

  async function textOf(source: ImportSource, from = 0): Promise<string> {
    const pieces: Uint8Array[] = []
    for await (const piece of source.read(from)) pieces.push(piece)
    return Buffer.concat(pieces).toString()
  }

  for (const [name, bytes, compression] of FORMS) {
    it(`reads a file that is ${name} whole, whatever it is called, and from any byte of its content`, async () => {
      const source = await sourceOf(bytes)
      assert.equal(source.compression, compression)
      assert.equal(source.size, bytes.length)
      assert.equal(source.head.toString(), TEXT.slice(0, HEAD_BYTES))
      assert.ok((await textOf(source)) === TEXT)
      assert.equal(source.bytesRead, bytes.length)
      assert.ok((await textOf(source, 777_777)) === TEXT.slice(777_777))
    })
  }

  it('reads an empty file, and one shorter than any magic number', async () => {
    assert.equal(await textOf(await sourceOf(Buffer.from(''))), '')
    assert.equal(await textOf(await sourceOf(Buffer.from('a\n'))), 'a\n')
  })

  for (const [name, bytes] of FORMS.filter(([, , compression]) => compression !== 'none')) {
    it(`rejects when a file that is ${name} is cut short, after what could be read`, async () => {
      const source = await sourceOf(bytes.subarray(0, bytes.length - 20))
      await assert.rejects(textOf(source))
    })
  }

  it('rejects when something else follows a zstd frame', async () => {
    const source = await sourceOf(Buffer.concat([zstdCompressSync(TEXT), Buffer.from('garbage')]))
    await assert.rejects(textOf(source), { code: 'ZSTD_error_prefix_unknown' })
  })
})
