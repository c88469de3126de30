import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SeededRandom } from '../base/base.ts'
import { checkConfig } from './config.ts'

function check(text: string) {
  return checkConfig({ file: { path: 'lan.yaml', text }, env: {}, flags: {} })
}

const problemsOf = (text: string) => check(text).problems.map((problem) => problem.text)

function itSays(name: string, text: string, ...problems: string[]): void {
  it(name, () => assert.deepEqual(problemsOf(text), problems))
}

describe('names in the file', () => {
  itSays(
    'that are misspelt are reported with the line and the right name',
    'profile: loopback\n\nrecord:\n  bytesMx: 100KiB\n',
    'record.bytesMx: unknown option at line 4; did you mean bytesMax?',
  )
  itSays(
    'that stand in the wrong group are sent to the right one',
    'rowsMax: 5\nlog:\n  listen: off\nrecord:\n  acceptLoss: true\n',
    'rowsMax: unknown option at line 1; did you mean query.rowsMax?',
    'log: unknown option at line 2; did you mean ports.log?',
    'record.acceptLoss: unknown option at line 5; did you mean storage.acceptLoss?',
  )
  itSays(
    'with dots in them are shown in groups',
    'record.bytesMax: 5\nlog.listen: off\nrecord.bytsMax: 5\n',
    'record.bytesMax: unknown option at line 1; write it in groups, record: { bytesMax: … }',
    'log.listen: unknown option at line 2; write it in groups, ports: { log: { listen: … } }',
    'record.bytsMax: unknown option at line 3; did you mean record.bytesMax?',
  )
  itSays(
    'that resemble nothing, and names of JavaScript objects, are unknown',
    'colour: 1\n__proto__: 1\nconstructor: 1\nrecord: { toString: 1 }\n',
    'colour: unknown option at line 1; `logcaster config reference` lists all options',
    '__proto__: unknown option at line 2; `logcaster config reference` lists all options',
    'constructor: unknown option at line 3; `logcaster config reference` lists all options',
    'record.toString: unknown option at line 4; `logcaster config reference` lists all options',
  )
  itSays(
    'that stand twice are reported once, with both lines',
    'record:\n  bytesMax: 1KiB\n  bytesMax: 2KiB\nrecord:\n  bytesMax: 3KiB\n',
    'record.bytesMax: stands twice: at line 2, and again at line 3; leave one out',
    'record: stands twice: at line 1, and again at line 4; leave one out',
  )
  itSays(
    'are shown inert',
    '"\\e[2Jhi": 1\n',
    '\\u{1b}[2Jhi: unknown option at line 1; `logcaster config reference` lists all options',
  )
  itSays(
    'that are no text are refused',
    '? [a]\n: 1\n',
    'lan.yaml: a name of an option is a list or a group at line 1',
  )
})

describe('values in the file', () => {
  it('mean the same with and without quotes, and as numbers', () => {
    for (const value of ['1024', '"1024"', '1KiB', "'1 KiB'"]) {
      assert.equal(check(`record: { bytesMax: ${value} }`).loaded?.config.record.bytesMax, 1024)
    }
  })
  it('can be one text where a list may stand', () => {
    for (const value of ['"10.0.0.0/8"', '[10.0.0.0/8]', '\n      - 10.0.0.0/8']) {
      const { loaded, problems } = check(`ports:\n  log:\n    allow: ${value}\n`)
      assert.deepEqual(problems, [])
      assert.deepEqual(loaded?.config.ports.log.allow, [
        { address: '10.0.0.0', prefixBits: 8, family: 'ipv4' },
      ])
    }
  })
  itSays(
    'that are wrong in several places are all reported, each at its line',
    'profile: lna\nrecord:\n  bytesMax: lots\n  timeZone: Asia/Seul\nports:\n  log:\n    allow:\n      - 10.0.0.0/8\n      - 10.0.0.1/8\n',
    'profile: "lna" is not one of loopback, lan at line 1; did you mean lan?',
    'ports.log.allow: "10.0.0.1/8" has bits set after its prefix at line 9; write 10.0.0.0/8',
    'record.bytesMax: "lots" is not a number of bytes at line 3; write a size such as 256KiB or 4MB',
    'record.timeZone: "Asia/Seul" is not a time zone at line 4; did you mean Asia/Seoul?',
  )
  for (const value of ['', ' ~', ' null', ' ""', ' "  "']) {
    itSays(
      `that are missing (${value}) are reported`,
      `record:\n  bytesMax:${value}\n`,
      'record.bytesMax: is empty at line 2; write a value such as 256KiB, or leave it out',
    )
  }
  itSays(
    'of the wrong shape are reported',
    'record:\n  bytesMax: [1, 2]\n  timeZone: { a: b }\nports:\n  log: off\n  irc:\n    allow: [[a]]\n    listen: { a: b }\n',
    'record.bytesMax: takes a value (bytes), not a list at line 2',
    'record.timeZone: takes a value (time zone), not a group at line 3',
    'ports.log: is a group of options at line 5; write it as log: { listen: … }',
    'ports.irc.allow: takes a list of networks, each one text at line 7',
    'ports.irc.listen: takes a value (list of addresses), not a group at line 8',
  )
  itSays(
    'that are an empty list of networks never mean everybody',
    'ports:\n  log:\n    allow: []\n',
    'ports.log.allow: the list is empty at line 3; write the networks that may connect, or close the port with listen: off',
  )
})

describe('a file', () => {
  for (const [name, text] of [
    ['nothing', ''],
    ['only a comment', '# nothing yet\n'],
    ['only null', '~\n'],
    ['empty groups', 'record:\nports:\n  log:\n  query: ~\n'],
    ['a byte order mark and CRLF', '\ufeffrecord:\r\n  bytesMax: 256KiB\r\n'],
    ['a start marker', '---\nprofile: loopback\n'],
  ] as const) {
    it(`with ${name} is no problem`, () => assert.deepEqual(problemsOf(text), []))
  }

  itSays(
    'that is a list is not options',
    '- profile: lan\n',
    'lan.yaml: is a list, not options with values at line 1; write each option as "name: value", with a space after the colon',
  )
  itSays(
    'without a space after the colon is not options',
    'profile:lan\n',
    'lan.yaml: is a single text, not options with values at line 1; write each option as "name: value", with a space after the colon',
  )
  itSays(
    'indented with a tab is refused',
    'record:\n\tbytesMax: 5\n',
    'lan.yaml: a tab stands in the indentation at line 2; use spaces',
  )
  itSays(
    'whose columns do not fit is refused',
    'record:\n  bytesMax: 5\n timeZone: UTC\n',
    'lan.yaml: the indentation does not fit at line 3; options of one group begin in the same column',
  )
  it('with a quote that never ends is refused', () => {
    assert.match(problemsOf('dataDir: "abc\nprofile: lan\n')[0], /^lan\.yaml: is not YAML \(.+\) at line 3$/)
  })
  itSays(
    'with a second document is refused',
    'profile: lan\n---\nprofile: loopback\n',
    'lan.yaml: a second document begins at line 2; a configuration is one document',
  )
  itSays(
    'with a tag is refused',
    'profile: lan\ndataDir: !!binary YQ==\n',
    'lan.yaml: tags (!name) are not supported at line 2; leave it out',
  )
  itSays(
    'with control characters is refused',
    'profile: lan\ndataDir: a\0b\n',
    'lan.yaml: a control character at line 2; is it a text file in UTF-8?',
  )
  itSays(
    'of more than 1 MiB is refused without being read',
    `dataDir: ./data #${'é'.repeat(512 * 1024)}\n`,
    'lan.yaml: is larger than 1MiB, the most that is read; is it the right file?',
  )
  it('of junk does not cost a sentence a line', () => {
    const text = Array.from({ length: 20_000 }, (_, index) => `junk${index}: 1`).join('\n')
    const problems = problemsOf(text)
    assert.equal(problems.length, 101)
    assert.equal(problems[100], 'and 19900 more problems')
  })
})

describe('a file that is made to hurt', () => {
  const ALIASES = 'anchors and aliases (&name, *name) are not supported'
  it('with anchors that multiply is refused at the first anchor', () => {
    const levels = Array.from({ length: 20 }, (_, level) => {
      const items = Array.from({ length: 9 }, () => (level === 0 ? 'lol' : `*a${level - 1}`))
      return `a${level}: &a${level} [${items.join(', ')}]`
    })
    assert.deepEqual(problemsOf(levels.join('\n')), [`lan.yaml: ${ALIASES} at line 1; write the value out`])
  })
  itSays(
    'with an alias is refused',
    'profile: lan\ndataDir: *x\n',
    `lan.yaml: ${ALIASES} at line 2; write the value out`,
  )
  it('may have & * ! and brackets inside texts and comments', () => {
    const text = `# ${'['.repeat(50)} &a *b !c\ndataDir: "&a *b !c ${'{'.repeat(50)}"\nstores: none # *x\n`
    assert.deepEqual(problemsOf(text), [])
  })

  const DEEP = /^lan\.yaml: is nested too deeply at line \d+; options need at most four levels$/
  for (const [name, text] of [
    ['lists in brackets', '['.repeat(500_000)],
    ['groups in braces', '{a: '.repeat(200_000)],
    ['dashes', `${'- '.repeat(400_000)}x`],
    ['question marks', `${'? '.repeat(400_000)}x`],
    ['indentation', Array.from({ length: 1400 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ] as const) {
    it(`with endless ${name} is refused`, () => {
      const problems = problemsOf(text)
      assert.equal(problems.length, 1)
      assert.match(problems[0], DEEP)
    })
  }
})

describe('a file of random pieces', () => {
  const PIECES = [
    'a',
    ': ',
    ':',
    '\n',
    '\n  ',
    '- ',
    '[',
    ']',
    '{',
    '}',
    ',',
    '"',
    "'",
    '#',
    ' ',
    '\t',
    '|',
    '>',
    '&a',
    '*a',
  ]
  const MORE = [
    '!t ',
    '? ',
    '---\n',
    '...\n',
    '%YAML 1.2\n',
    '\r\n',
    '~',
    'ports:',
    'log:',
    'listen: ',
    'é',
    '\ufeff',
    '\ud800',
  ]
  const pieces = [...PIECES, ...MORE, 'profile: lan\n', 'record:\n  bytesMax: ', '1KiB', 'stores: ']

  it('is read or reported, never a crash', () => {
    for (let seed = 1; seed <= 2000; seed++) {
      const random = new SeededRandom(seed)
      const text = Array.from({ length: random.below(30) }, () => pieces[random.below(pieces.length)]).join(
        '',
      )
      try {
        const { loaded, problems } = check(text)
        assert.equal(loaded === null, problems.length > 0)
      } catch (cause) {
        throw new Error(`seed ${seed}: ${JSON.stringify(text)}`, { cause })
      }
    }
  })
})
