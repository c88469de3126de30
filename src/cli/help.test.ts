import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { optionsOf, parseInvocation } from './arguments.ts'
import { COMMANDS, DEFAULT_COMMAND } from './commands.ts'
import { EXIT_CODES } from './exit-codes.ts'
import { run } from './fake-io.ts'
import { printCommandHelp, printHelp } from './help.ts'
import { printCliReference } from './reference.ts'
import { paintNothing } from './terminal.ts'

const PAGES: readonly [name: string, text: string][] = [
  ['--help', printHelp(COMMANDS, paintNothing)],
  ...COMMANDS.map((row): [string, string] => [row.name, printCommandHelp(row, paintNothing)]),
]

describe('help', () => {
  for (const [name, text] of PAGES) {
    it(`fits 80 columns: ${name}`, () => {
      for (const line of text.split('\n')) assert.ok(line.length <= 80, `${line.length}: ${line}`)
    })
    it(`opens with examples: ${name}`, () => {
      const blocks = text.split('\n\n')
      assert.match(blocks[1], /^Examples\n/)
    })
  }

  it('names every option that is not rare, on one line with its letter', () => {
    for (const row of COMMANDS) {
      const text = printCommandHelp(row, paintNothing)
      for (const { name, isRare } of optionsOf(row)) {
        assert.equal(text.includes(`--${name}`), isRare !== true, `${row.name} --${name}`)
      }
    }
  })

  it('shows examples that the parser of arguments takes', () => {
    for (const row of COMMANDS) {
      for (const { line } of row.examples) {
        const words = line
          .replace(/^.*?logcaster /, '')
          .replace(/ [|>].*$/, '')
          .split(' ')
        assert.equal(parseInvocation(words, COMMANDS, DEFAULT_COMMAND, {}).command, row, line)
      }
    }
  })

  it('is the same for `help query`, `query --help` and `query -h`', async () => {
    const page = printCommandHelp(COMMANDS.find(({ name }) => name === 'query')!, paintNothing)
    for (const words of [
      ['help', 'query'],
      ['query', '--help'],
      ['query', '-h'],
      ['-h', 'query'],
    ]) {
      assert.deepEqual(await run(words), { code: 0, out: page, err: '' }, words.join(' '))
    }
  })

  it('lists the commands without a word, or for `help`', async () => {
    for (const words of [['--help'], ['help'], ['-h']]) {
      assert.deepEqual(await run(words), { code: 0, out: PAGES[0][1], err: '' }, words.join(' '))
    }
  })

  it('is painted on a terminal only', async () => {
    assert.ok((await run(['--help'], { isTerminal: true })).out.includes('\x1b[1mExamples'))
    assert.ok(!(await run(['--help', '--color', 'never'], { isTerminal: true })).out.includes('\x1b'))
    assert.ok(!(await run(['--help'], { isTerminal: true, env: { NO_COLOR: '1' } })).out.includes('\x1b'))
    assert.ok((await run(['--help', '--color=always'])).out.includes('\x1b[1mExamples'))
  })
})

describe('printCliReference', () => {
  const text = printCliReference()
  it('has every command and every exit code', () => {
    for (const { name } of COMMANDS) assert.ok(text.includes(`\n## ${name}\n`), name)
    for (const { code, meaning } of EXIT_CODES) assert.ok(text.includes(`| ${code} | ${meaning} |`), meaning)
  })
  it('is Markdown whose tables have as many cells as their head', () => {
    let cells = 0
    for (const line of text.split('\n')) {
      if (!line.startsWith('|')) {
        cells = 0
        continue
      }
      const count = line.replaceAll('\\|', '').split('|').length
      if (cells === 0) cells = count
      assert.equal(count, cells, line)
    }
  })
})
