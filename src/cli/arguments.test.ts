import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isCodedError } from '../base/base.ts'
import { checkPositionals, optionsOf, parseInvocation, usageLine } from './arguments.ts'
import type { Command } from './command.ts'
import { COMMANDS } from './commands.ts'

const command = (row: Partial<Command> & { name: string }): Command => ({
  summary: 'does something',
  examples: [],
  uses: [],
  options: [],
  positionals: [],
  run: async () => 0,
  ...row,
})

const PAINT = command({
  name: 'paint',
  uses: ['connection'],
  options: [
    { name: 'brush', short: 'b', kind: 'text', help: 'which brush' },
    {
      name: 'coats',
      short: 'n',
      kind: 'integer',
      min: 1,
      max: 9,
      default: '2',
      env: 'COATS',
      help: 'how many',
    },
    { name: 'finish', kind: 'choice', choices: ['matt', 'gloss'], help: 'how it shines' },
    { name: 'tint', kind: 'list', help: 'colours' },
    { name: 'dry', kind: 'flag', help: 'only say it' },
    { name: 'primer', kind: 'switch', help: 'prime first' },
  ],
  positionals: [
    { name: 'WALL', help: 'the wall', required: true, many: false },
    { name: 'ROOM', help: 'rooms', required: false, many: true },
  ],
})
const IDLE = command({
  name: 'idle',
  positionals: [{ name: 'WHEN', help: 'when', required: false, many: false, choices: ['now', 'later'] }],
})

const parse = (words: readonly string[], env = {}) => parseInvocation(words, [PAINT, IDLE], IDLE, env)

function usageOf(words: readonly string[], env = {}): string {
  try {
    const { command: found, args } = parse(words, env)
    checkPositionals(found, args.positionals)
  } catch (error) {
    assert.ok(isCodedError(error, 'USAGE'), String(error))
    return error.message
  }
  assert.fail('accepted')
}

describe('parseInvocation', () => {
  it('takes options before and after the command, short and long, with and without =', () => {
    const { command: found, args } = parse([
      '--host',
      'h',
      'paint',
      'north',
      '-b',
      'wide',
      '--coats=3',
      '--dry',
    ])
    assert.equal(found, PAINT)
    assert.deepEqual(args.positionals, ['north'])
    assert.equal(args.text('host'), 'h')
    assert.equal(args.text('brush'), 'wide')
    assert.equal(args.integer('coats'), 3)
    assert.equal(args.flag('dry'), true)
    assert.equal(args.flag('quiet'), false)
  })

  it('takes the last of several values, and all of a list', () => {
    const { args } = parse(['paint', '--tint', 'red', '--tint=blue', '-b', 'a', '-b', 'b'])
    assert.deepEqual(args.list('tint'), ['red', 'blue'])
    assert.equal(args.text('brush'), 'b')
  })

  it('prefers the option to the variable and the variable to the default', () => {
    assert.equal(parse(['paint']).args.integer('coats'), 2)
    assert.equal(parse(['paint'], { COATS: '5' }).args.integer('coats'), 5)
    assert.equal(parse(['paint'], { COATS: '' }).args.integer('coats'), 2)
    assert.equal(parse(['paint', '-n', '7'], { COATS: '5' }).args.integer('coats'), 7)
  })

  it('knows switches', () => {
    assert.equal(parse(['paint', '--primer', 'x']).args.text('primer'), 'true')
    assert.equal(parse(['paint', '--primer=no']).args.text('primer'), 'no')
    assert.equal(parse(['paint', '--no-primer']).args.text('primer'), 'false')
  })

  it('takes everything after -- as it is', () => {
    assert.deepEqual(parse(['paint', '--', '-b', '--dry']).args.positionals, ['-b', '--dry'])
    assert.deepEqual(parse(['paint', '-']).args.positionals, ['-'])
  })

  it('runs the default command when there is no word', () => {
    assert.equal(parse([]).command, IDLE)
    assert.equal(parse(['-q']).command, IDLE)
  })

  const MESSAGES: readonly [words: readonly string[], message: string][] = [
    [['pain'], 'unknown command `pain`; did you mean `paint`? `logcaster --help` lists them'],
    [['zzzzzz'], 'unknown command `zzzzzz`; `logcaster --help` lists them'],
    [
      ['paint', '--brsh', 'x'],
      'unknown option `--brsh`; did you mean `--brush`? `logcaster paint --help` lists them',
    ],
    [['paint', '-x'], 'unknown option `-x`; `logcaster paint --help` lists them'],
    [['idle', '--host', 'x'], 'unknown option `--host`; `logcaster idle --help` lists them'],
    [['paint', '--brush'], '--brush needs a value: --brush TEXT'],
    [['paint', '--finish'], '--finish needs a value: --finish matt|gloss'],
    [
      ['paint', '--brush', '--dry'],
      '--brush needs a value; if `--dry` is meant to be it, write --brush=--dry',
    ],
    [['paint', '--dry=yes'], '--dry takes no value, but got `yes`'],
    [['paint', '-n', '0'], '-n must be a whole number from 1 to 9, but got `0`'],
    [['paint', '-n', '1e1'], '-n must be a whole number from 1 to 9, but got `1e1`'],
    [['paint', '--finish', 'wet'], '--finish must be one of matt, gloss, but got `wet`'],
    [['paint'], 'WALL is missing: the wall; usage: logcaster paint WALL [ROOM...] [options]'],
    [['idle', 'nw'], 'WHEN must be one of now, later, but got `nw`; did you mean `now`?'],
    [['idle', 'now', 'then'], '`then` is one word too many; usage: logcaster idle [WHEN] [options]'],
  ]
  for (const [words, message] of MESSAGES) {
    it(`says what is wrong with ${words.join(' ')}`, () => assert.equal(usageOf(words), message))
  }

  it('names the variable when its value is wrong', () => {
    assert.equal(
      usageOf(['paint', 'x'], { COATS: 'many' }),
      'COATS must be a whole number from 1 to 9, but got `many`',
    )
  })

  it('suggests the command of the founding example', () => {
    assert.throws(
      () => parseInvocation(['qury'], COMMANDS, IDLE, {}),
      /unknown command `qury`; did you mean `query`\?/,
    )
  })
})

describe('the rows of the commands', () => {
  it('have no option twice, no short letter twice, and a default that is valid', () => {
    for (const row of COMMANDS) {
      const options = optionsOf(row)
      const letters = options.flatMap(({ short }) => short ?? [])
      assert.equal(new Set(options.map(({ name }) => name)).size, options.length, row.name)
      assert.equal(new Set(letters).size, letters.length, `${row.name}: ${letters.join('')}`)
      const { args } = parseInvocation([row.name], COMMANDS, row, {})
      assert.deepEqual([...args.positionals], [], row.name)
    }
  })

  it('have words whose last may be many, and only that', () => {
    for (const { name, positionals } of COMMANDS) {
      assert.ok(!positionals.slice(0, -1).some(({ many }) => many), name)
    }
  })

  it('show how they are used', () => {
    assert.equal(usageLine(PAINT), 'logcaster paint WALL [ROOM...] [options]')
  })
})
