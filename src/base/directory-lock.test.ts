import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { LOCK_FILE_NAME, lockDirectory } from './directory-lock.ts'
import { isCodedError } from './errors.ts'

let root: string
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'logcaster-lock-'))
})
after(() => rm(root, { recursive: true }))

const directory = (): Promise<string> => mkdtemp(join(root, 'data-'))
const heldBy = (pid: number) => (error: unknown) =>
  isCodedError(error, 'DIRECTORY_LOCKED') && error.details['pid'] === pid

/** Starts a process that locks the directory with `platform`'s kind of lock and then waits to be killed. */
async function holderOf(path: string, platform: string) {
  const module = new URL('./directory-lock.ts', import.meta.url).href
  const program = `const { lockDirectory } = await import(${JSON.stringify(module)})
    await lockDirectory(${JSON.stringify(path)}, ${JSON.stringify(platform)})
    process.stdout.write('locked')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return child
}

const platforms = process.platform === 'linux' ? ['linux', 'darwin'] : [process.platform]

for (const platform of platforms) {
  describe(`the lock of a directory on ${platform}`, () => {
    test('is held against another process until that is killed, and names it', async () => {
      const path = await directory()
      const child = await holderOf(path, platform)
      try {
        await assert.rejects(lockDirectory(path, platform), heldBy(child.pid!))
      } finally {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      assert.deepEqual(await readdir(path), [LOCK_FILE_NAME])
      const lock = await lockDirectory(path, platform)
      await lock.release()
      assert.deepEqual(await readdir(path), [])
    })

    test('is held once in this process, too', async () => {
      const path = await directory()
      const lock = await lockDirectory(path, platform)
      await assert.rejects(lockDirectory(path, platform), heldBy(process.pid))
      assert.match(await readFile(join(path, LOCK_FILE_NAME), 'latin1'), new RegExp(`^${process.pid}\n`))
      await lock.release()
      await (await lockDirectory(path, platform)).release()
    })

    test('is not kept by a file that a dead process or an earlier boot left', async () => {
      for (const text of ['', 'no pid', '4194304000\n', `${process.pid}\nold-boot\n`]) {
        const path = await directory()
        await writeFile(join(path, LOCK_FILE_NAME), text)
        await (await lockDirectory(path, platform)).release()
      }
    })
  })
}
