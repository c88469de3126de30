import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { optionsOf } from './arguments.ts'
import { COMMANDS } from './commands.ts'
import { run } from './fake-io.ts'

const SHELLS = ['bash', 'zsh', 'fish']
const isThere = (shell: string): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0

async function scriptOf(shell: string): Promise<string> {
  const { code, out } = await run(['completion', shell])
  assert.equal(code, 0)
  return out
}

describe('logcaster completion', () => {
  for (const shell of SHELLS) {
    it(`knows every command and option in ${shell}`, async () => {
      const script = await scriptOf(shell)
      for (const command of COMMANDS) {
        assert.ok(script.includes(command.name), command.name)
        for (const { name } of optionsOf(command)) {
          assert.ok(script.includes(shell === 'fish' ? `-l ${name} ` : `--${name}`), name)
        }
      }
    })

    it(`is a script that ${shell} can read`, { skip: !isThere(shell) }, async () => {
      const directory = mkdtempSync(join(tmpdir(), 'logcaster-completion-'))
      const file = join(directory, 'script')
      writeFileSync(file, await scriptOf(shell))
      const { status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' })
      rmSync(directory, { recursive: true })
      assert.deepEqual([status, stderr], [0, ''])
    })
  }

  it('asks for a shell that it knows', async () => {
    const { code, err } = await run(['completion', 'fsh'])
    assert.equal(code, 2)
    assert.match(err, /must be one of bash, zsh, fish, but got `fsh`/)
  })
})

/** A directory with one file, in which bash completes. */
const directory = mkdtempSync(join(tmpdir(), 'completion-'))
after(() => rmSync(directory, { recursive: true }))
writeFileSync(join(directory, 'app.log'), '')

/** What bash offers when Tab is pressed behind these words, the last of which may be begun. */
async function offered(words: readonly string[]): Promise<string[]> {
  const script = `${await scriptOf('bash')}
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_logcaster
printf '%s\\n' "\${COMPREPLY[@]}"`
  const bash = ['--norc', '-c', script, 'bash', 'logcaster', ...words]
  const { stdout, stderr } = spawnSync('bash', bash, { cwd: directory, encoding: 'utf8' })
  assert.equal(stderr, '')
  return stdout.split('\n').filter((word) => word !== '')
}

describe('the completion of bash', { skip: !isThere('bash') }, () => {
  for (const [words, expected] of [
    [['ser'], ['serve']],
    [['stats', '--jso'], ['--json']],
    [['query', '--out'], ['--output']],
    [['query', '-o', 'j'], ['json']],
    [['query', '--output', '=', 'ta'], ['table']],
    [
      ['query', '--output', '='],
      ['auto', 'table', 'raw', 'json'],
    ],
    [
      ['config', 's'],
      ['show', 'schema'],
    ],
    [['--color', 'al'], ['always']],
    [
      ['serve', '--profile', 'l'],
      ['loopback', 'lan'],
    ],
    [['--no-client'], ['--no-client-address-fields']],
    [['send', 'a'], ['app.log']],
    [['serve', '--config', ''], ['app.log']],
    [['query', '--limit', ''], []],
    [['--quiet', 'tail', '--quer'], ['--query-port']],
    [['query', 'a'], []],
  ] as const) {
    it(`offers ${expected.join(' ') || 'nothing'} after ${words.join(' ')}`, async () => {
      assert.deepEqual(await offered(words), expected)
    })
  }

  it('offers all commands at first', async () => {
    assert.deepEqual(
      await offered(['']),
      COMMANDS.map(({ name }) => name),
    )
  })
})
