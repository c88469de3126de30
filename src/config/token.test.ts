import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ConfigInput, checkConfig, hashToken, loadConfig, printSchema, printShow } from './config.ts'

/** Hashes of no particular token. */
const ONE = 'c05a6d1ee1d7b6d5bb6cf3ec4de9b2dd9a0fdc0d4d9ed3a9bd4e2a4fb2b1c8aa'
const TWO = 'f'.repeat(64)

const input = (over: Partial<ConfigInput>): ConfigInput => ({ env: {}, flags: {}, ...over })
const file = (text: string): ConfigInput => input({ file: { path: 'a.yaml', text } })
const problemsOf = (config: ConfigInput): string[] => checkConfig(config).problems.map(({ text }) => text)

const CI = { name: 'ci', grant: ['write', 'read'], hash: ONE }
const BOARD = { name: 'board.2', grant: ['read'], hash: TWO }

describe('the option tokens', () => {
  it('is empty by default, and with the word none', () => {
    assert.deepEqual(loadConfig(input({})).config.tokens, [])
    assert.deepEqual(loadConfig(file('tokens: none\n')).config.tokens, [])
  })

  it('reads entries from a file, one a line or all in brackets', () => {
    const lines = `tokens:\n  - ci write,read sha256:${ONE}\n  - board.2 read sha256:${TWO.toUpperCase()}\n`
    const brackets = `tokens: [ci write,read sha256:${ONE}, board.2 read sha256:${TWO}]\n`
    for (const text of [lines, brackets]) {
      assert.deepEqual(loadConfig(file(text)).config.tokens, [CI, BOARD], text)
    }
  })

  it('reads them from a variable and from flags, where commas part entries as well', () => {
    const both = `ci write,read sha256:${ONE}, board.2 read sha256:${TWO}`
    assert.deepEqual(loadConfig(input({ env: { LOGCASTER_TOKENS: both } })).config.tokens, [CI, BOARD])
    const flags = { tokens: [`ci write,read sha256:${ONE}`, `board.2 read sha256:${TWO}`] }
    assert.deepEqual(loadConfig(input({ flags })).config.tokens, [CI, BOARD])
  })

  it('keeps what a token grants in one order, each once', () => {
    const { tokens } = loadConfig(file(`tokens: ci admin,read,write,read sha256:${ONE}\n`)).config
    assert.deepEqual(tokens[0].grant, ['write', 'read', 'admin'])
  })

  it('shows only the first 8 digits of a hash, and says so when that is put back', () => {
    const shown = printShow(loadConfig(file(`tokens:\n  - ci write,read sha256:${ONE}\n`)))
    assert.match(shown, /tokens: "ci write,read sha256:c05a6d1e\.\.\." +# a\.yaml line 1/)
    assert.ok(!shown.includes(ONE.slice(0, 9)))
    assert.deepEqual(problemsOf(file(shown)), [
      'tokens: the hash of ci is shortened, as config show prints it at line 4; write all 64 digits',
    ])
  })

  const HOW =
    '`logcaster token new` makes a token and its entry, `logcaster token hash` hashes one that you have'
  const FORM = 'write NAME CAPABILITY[,CAPABILITY...] sha256:HASH'
  for (const written of ['hunter2', 'ci write hunter2', 'ci hunter2', `hunter2 ci write sha256:${ONE}`]) {
    it(`refuses \`${written}\` without repeating it, since it may be the token itself`, () => {
      assert.deepEqual(problemsOf(file(`tokens:\n  - ${written}\n`)), [
        `tokens: an entry is not a name, capabilities and a hash at line 2; ${FORM}; ${HOW}`,
      ])
    })
  }

  for (const [entry, problem] of [
    [
      `c/i write sha256:${ONE}`,
      `the name of a token has more than letters, digits, ".", "_" and "-" at line 3; ${FORM}`,
    ],
    [
      `ci hunter2 sha256:${ONE}`,
      'a token grants something that is no capability at line 3; they are write, read, chat, admin',
    ],
    ['ci write sha256:hunter2', `the hash of ci is not 64 hex digits at line 3; ${HOW}`],
    [`board.2 write sha256:${ONE}`, 'two tokens are named board.2 at line 3'],
    [`ci write sha256:${TWO}`, 'board.2 and ci are the same token at line 3'],
  ]) {
    it(`refuses ${entry.slice(0, 30)}, and says which line it is`, () => {
      const text = `tokens:\n  - board.2 read sha256:${TWO}\n  - ${entry}\n`
      assert.deepEqual(problemsOf(file(text)), [`tokens: ${problem}`])
    })
  }

  it('has a pattern in the schema that tells entries from tokens', () => {
    const { pattern } = JSON.parse(printSchema()).properties.tokens.anyOf[1]
    assert.match(`ci write,read sha256:${ONE}`, new RegExp(pattern))
    for (const text of ['hunter2', 'ci write hunter2', 'ci root sha256:00'])
      assert.doesNotMatch(text, new RegExp(pattern))
  })
})

describe('hashToken', () => {
  it('is the SHA-256 of the whole token, as text or as bytes', () => {
    const hash = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    assert.equal(hashToken('abc'), hash)
    assert.equal(hashToken(Buffer.from('abc')), hash)
  })
})
