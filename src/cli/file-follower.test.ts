import assert from 'node:assert/strict'
import {
  appendFile,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { SeededRandom, SimulatedClock } from '../base/base.ts'
import { FileFollower } from './file-follower.ts'
import { type FollowChunk, QUIET_MS } from './follow-file.ts'
import type { FollowPlace } from './follow-state.ts'

let directory = ''
let path = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logcaster-follow-'))
  path = join(directory, 'app.log')
})
afterEach(() => rm(directory, { recursive: true }))

/** A follower, its state and the server in one: what a session does, one step at a time. */
class Bench {
  readonly clock = new SimulatedClock()
  readonly problems: string[] = []
  /** By key, as the server keeps it. */
  readonly stored = new Map<string, string>()
  saved: readonly FollowPlace[] = []
  readonly random: SeededRandom
  #follower: FileFollower | null = null

  constructor(seed = 1) {
    this.random = new SeededRandom(seed)
  }

  get text(): string {
    return [...this.stored.values()].join('')
  }

  get follower(): FileFollower {
    return this.#follower ?? assert.fail('not started')
  }

  /** Begins with what was saved, as a program does that is started again. */
  async start(): Promise<void> {
    const { clock, random } = this
    const onProblem = (text: string): void => void this.problems.push(text)
    const places = JSON.parse(JSON.stringify(this.saved))
    this.#follower = await FileFollower.open({ path, name: 'app.log', clock, random, onProblem }, places)
  }

  /** Ends without a word, as kill -9 does. */
  async crash(): Promise<void> {
    await this.follower.close()
    this.#follower = null
  }

  /** Looks, and takes a chunk on its way, as far as its state. */
  async take(): Promise<FollowChunk | null> {
    await this.follower.poll()
    const chunk = await this.follower.next()
    if (chunk !== null) this.saved = this.follower.places
    return chunk
  }

  store({ key, bytes }: FollowChunk): void {
    const text = Buffer.from(bytes).toString()
    assert.equal(this.stored.get(key) ?? text, text, 'one key, two contents')
    this.stored.set(key, text)
  }

  /** Sends all that can be sent now, and gives back what is stored since the start. */
  async send(): Promise<string> {
    for (let chunk = await this.take(); chunk !== null; chunk = await this.take()) {
      this.store(chunk)
      this.follower.acknowledge(chunk)
    }
    this.saved = this.follower.places
    return this.text
  }

  /** As `send`, when rotated files have been quiet for long enough. */
  async sendQuiet(): Promise<string> {
    await this.send()
    this.clock.advance(QUIET_MS)
    return this.send()
  }

  async restart(): Promise<void> {
    await this.crash()
    await this.start()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#follower?.close() ?? Promise.resolve()
  }
}

async function started(): Promise<Bench> {
  const bench = new Bench()
  await bench.start()
  return bench
}

const newer = (n: number): string => `${path}.${n}`

describe('FileFollower', () => {
  it('sends whole lines from the start, then what is added; half a line waits for its end', async () => {
    await writeFile(path, 'one\ntwo\nhal')
    await using bench = await started()
    assert.equal(await bench.send(), 'one\ntwo\n')
    assert.equal(await bench.send(), 'one\ntwo\n')
    await appendFile(path, 'f\nfour\n')
    assert.equal(await bench.send(), 'one\ntwo\nhalf\nfour\n')
    assert.deepEqual(bench.problems, [])
  })

  it('waits for a file that is not there yet, nor its directory', async () => {
    path = join(directory, 'later', 'app.log')
    await using bench = await started()
    assert.equal(await bench.send(), '')
    await mkdir(join(directory, 'later'))
    await writeFile(path, 'here\n')
    assert.equal(await bench.send(), 'here\n')
    assert.deepEqual(bench.problems, [])
  })

  it('reads a renamed file to its end, also what is written late, before it starts the new one', async () => {
    await writeFile(path, 'one\n')
    await using bench = await started()
    await bench.send()
    await rename(path, newer(1))
    await writeFile(path, 'four\n')
    await appendFile(newer(1), 'two\n')
    assert.equal(await bench.send(), 'one\ntwo\n')
    bench.clock.advance(QUIET_MS - 1)
    await appendFile(newer(1), 'three')
    assert.equal(await bench.send(), 'one\ntwo\n')
    bench.clock.advance(QUIET_MS - 1)
    assert.equal(await bench.send(), 'one\ntwo\n')
    bench.clock.advance(1)
    assert.equal(await bench.send(), 'one\ntwo\nthreefour\n')
  })

  it('goes on with a renamed file while there is no new one', async () => {
    await writeFile(path, 'one\n')
    await using bench = await started()
    await bench.send()
    await rename(path, newer(1))
    await bench.sendQuiet()
    await appendFile(newer(1), 'two\n')
    assert.equal(await bench.sendQuiet(), 'one\ntwo\n')
  })

  it('takes what it had not read yet from the copy, when a file was copied and cut', async () => {
    await writeFile(path, 'one\n')
    await using bench = await started()
    await bench.send()
    await appendFile(path, 'two\n')
    await copyFile(path, newer(1))
    await truncate(path)
    await appendFile(path, 'three\n')
    assert.equal(await bench.sendQuiet(), 'one\ntwo\nthree\n')
    assert.deepEqual(bench.problems, [])
  })

  it('tells how much is gone when a file is cut without a copy, and starts anew', async () => {
    await writeFile(path, 'one\ntwo')
    await using bench = await started()
    await bench.send()
    await writeFile(path, 'x\n')
    assert.equal(await bench.send(), 'one\nx\n')
    assert.deepEqual(bench.problems, ['app.log was cut: 3 bytes that were not sent yet are gone'])
  })

  it('notices a file that was cut and has grown beyond its place since', async () => {
    await writeFile(path, 'one\n')
    await using bench = await started()
    await bench.send()
    await writeFile(path, 'another beginning\n')
    assert.equal(await bench.send(), 'one\nanother beginning\n')
    assert.deepEqual(bench.problems, [])
  })

  it('never gives the same key to lines of two files, even where they are the same', async () => {
    await writeFile(path, 'started\n')
    await using bench = await started()
    await bench.send()
    await truncate(path)
    await bench.send()
    await appendFile(path, 'started\n')
    assert.equal(await bench.send(), 'started\nstarted\n')
  })

  it('misses no file that is rotated away while a chunk is on its way', async () => {
    await writeFile(path, '1\n')
    await using bench = await started()
    const chunk = (await bench.take()) ?? assert.fail('no chunk')
    for (const n of [2, 3, 4]) {
      await rename(path, newer(9 - n))
      await writeFile(path, `${n}\n`)
      await bench.follower.poll()
    }
    bench.store(chunk)
    bench.follower.acknowledge(chunk)
    for (let n = 0; n < 4; n++) await bench.sendQuiet()
    assert.equal(bench.text, '1\n2\n3\n4\n')
  })

  it('goes on where it was, after a restart', async () => {
    await writeFile(path, 'one\n')
    await using bench = await started()
    await bench.send()
    await bench.restart()
    await appendFile(path, 'two\n')
    assert.equal(await bench.send(), 'one\ntwo\n')
    assert.equal(bench.stored.size, 2)
  })

  it('sends the range that was on its way again under the same key, though the file has grown since', async () => {
    await writeFile(path, 'one\n')
    await using bench = await started()
    const chunk = (await bench.take()) ?? assert.fail('no chunk')
    bench.store(chunk)
    await bench.crash()
    await appendFile(path, 'two\n')
    await bench.start()
    const again = (await bench.take()) ?? assert.fail('no chunk')
    assert.deepEqual([again.key, again.start, again.end], [chunk.key, 0, 4])
    assert.equal(await bench.send(), 'one\ntwo\n')
  })

  it('finds renamed files again after a restart, and those that came and went meanwhile', async () => {
    await writeFile(path, 'one\n')
    await using bench = await started()
    await bench.send()
    await bench.crash()
    await appendFile(path, 'two\n')
    await rename(path, newer(2))
    await writeFile(newer(1), 'three\n')
    await writeFile(path, 'four\n')
    await bench.start()
    for (let n = 0; n < 3; n++) await bench.sendQuiet()
    assert.equal(bench.text, 'one\ntwo\nthree\nfour\n')
    assert.deepEqual(bench.problems, [])
  })

  it('finds the copy again after a restart, when the file was copied and cut meanwhile', async () => {
    await writeFile(path, 'one\n')
    await using bench = await started()
    await bench.send()
    await bench.crash()
    await appendFile(path, 'two\n')
    await copyFile(path, join(directory, 'app.log-20261121'))
    await writeFile(path, 'three\n')
    await bench.start()
    assert.equal(await bench.sendQuiet(), 'one\ntwo\nthree\n')
    assert.deepEqual(bench.problems, [])
  })

  it('finds the copy of a file of which nothing was seen, by the one before it', async () => {
    await writeFile(path, 'one\n')
    await using bench = await started()
    await bench.send()
    await rename(path, newer(1))
    await writeFile(path, '')
    await bench.sendQuiet()
    await bench.crash()
    await rename(newer(1), newer(2))
    await writeFile(newer(1), 'two\n')
    await appendFile(path, 'three\n')
    await bench.start()
    assert.equal(await bench.sendQuiet(), 'one\ntwo\nthree\n')
  })

  it('knows a file again that another device or inode number has been given', async () => {
    await writeFile(path, 'one\n')
    await using bench = await started()
    await bench.send()
    await bench.crash()
    bench.saved = bench.saved.map((place) => ({ ...place, device: '1', inode: '2' }))
    await appendFile(path, 'two\n')
    await bench.start()
    assert.equal(await bench.send(), 'one\ntwo\n')
  })

  it('follows a link, and finds what was rotated where the link leads', async () => {
    await mkdir(join(directory, 'pods'))
    const target = join(directory, 'pods', '0.log')
    await writeFile(target, 'one\n')
    await symlink(target, path)
    await using bench = await started()
    await bench.send()
    await bench.crash()
    await appendFile(target, 'two\n')
    await rename(target, `${target}.1`)
    await writeFile(target, 'three\n')
    await bench.start()
    assert.equal(await bench.sendQuiet(), 'one\ntwo\nthree\n')
  })

  it('says so when a file is gone after a restart, and starts the new one', async () => {
    await writeFile(path, 'one\n')
    await using bench = await started()
    await bench.send()
    await bench.crash()
    await rm(path)
    await writeFile(path, 'new\n')
    await bench.start()
    assert.equal(await bench.send(), 'one\nnew\n')
    assert.deepEqual(bench.problems, [
      'the file that was app.log is gone: whether it held more than the 4 bytes that are sent is not known',
    ])
  })

  it('passes over a line that no request could hold, once its end has come', async () => {
    await writeFile(path, `one\n${'x'.repeat(4_000_000)}`)
    await using bench = await started()
    assert.equal(await bench.send(), 'one\n')
    await appendFile(path, 'x\nthree\n')
    const chunk = (await bench.take()) ?? assert.fail('no chunk')
    assert.deepEqual([chunk.isTooLong, chunk.start, chunk.end], [true, 4, 4_000_006])
    bench.follower.acknowledge(chunk)
    assert.equal(await bench.send(), 'one\nthree\n')
  })

  it('sends much in chunks of about a MiB, and a long line in one of its own', async () => {
    const lines = `${'y'.repeat(99)}\n`.repeat(30_000)
    const text = `${lines}${'z'.repeat(2_000_000)}\nend\n`
    await writeFile(path, text)
    await using bench = await started()
    assert.ok((await bench.send()) === text)
    const sizes = [...bench.stored.values()].map(({ length }) => length)
    assert.deepEqual(sizes, [1_048_500, 1_048_500, 903_000, 2_000_001, 4])
  })

  it('tells once of what cannot be followed, and goes on when it can', async () => {
    await mkdir(path)
    await using bench = await started()
    await bench.send()
    await bench.send()
    assert.deepEqual(bench.problems, ['app.log is a directory; name a file'])
    await rm(path, { recursive: true })
    await writeFile(path, 'now\n')
    assert.equal(await bench.send(), 'now\n')
  })

  for (const seed of [1, 2, 3, 4]) {
    it(`loses and doubles nothing, whatever writers, rotations and crashes do (seed ${seed})`, async () => {
      await using bench = new Bench(seed)
      await bench.start()
      const written = await playRandomly(bench, seed)
      for (let n = 0; n < 20; n++) await bench.sendQuiet()
      const lines = bench.text.split('\n')
      const missing = written.split('\n').filter((line) => !lines.includes(line))
      assert.deepEqual(missing, [], `seed ${seed}`)
      assert.ok(bench.text === written, `seed ${seed}: doubled or out of order`)
      assert.deepEqual(bench.problems, [], `seed ${seed}`)
    })
  }
})

/** Writers, a rotation by renaming, one by copying and cutting, and crashes at every point. Resolves with all text. */
async function playRandomly(bench: Bench, seed: number): Promise<string> {
  const random = new SeededRandom(seed * 7919)
  let written = ''
  let line = 0
  const append = async (): Promise<void> => {
    const text = Array.from({ length: 1 + random.below(3) }, () => `line ${++line} of seed ${seed}\n`).join(
      '',
    )
    written += text
    await appendFile(path, text)
  }
  const deeds: readonly (() => Promise<unknown>)[] = [
    append,
    append,
    append,
    () => bench.send(),
    () => bench.follower.poll(),
    () => rotate(true),
    async () => {
      // A file that is written for the first time, copied and cut between two looks would leave no trace.
      await bench.follower.poll()
      await rotate(false)
    },
    async () => bench.clock.advance(random.below(2 * QUIET_MS)),
    () => bench.restart(),
    async () => {
      const chunk = await bench.take()
      if (chunk !== null && random.chance(0.5)) bench.store(chunk)
      await bench.restart()
    },
  ]
  await append()
  await bench.send()
  for (let n = 0; n < 120; n++) await deeds[random.below(deeds.length)]()
  return written
}

/** As logrotate does: everything moves up by one, then the file is renamed, or copied and cut. */
async function rotate(isRenamed: boolean): Promise<void> {
  if ((await readFile(path)).length === 0) return
  const rotated = (await readdir(directory)).length - 1
  for (let n = rotated; n >= 1; n--) await rename(newer(n), newer(n + 1))
  if (isRenamed) await rename(path, newer(1))
  else await copyFile(path, newer(1))
  await writeFile(path, '')
}
