import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Token, tokenize } from './lexer.ts'

const brief = ({ kind, text, start, end, isSpaced }: Token) =>
  `${isSpaced ? ' ' : ''}${kind}[${text}]${start}-${end}`

const tokens = (source: string) => tokenize(source).slice(0, -1).map(brief).join('')

test('words, symbols and quoted texts become tokens with their places', () => {
  assert.equal(
    tokens('level:error "a b" | limit 5'),
    ' word[level]0-5symbol[:]5-6word[error]6-11 quoted[a b]12-17 symbol[|]18-19 word[limit]20-25 word[5]26-27',
  )
})

test('the last token is the end of the text', () => {
  assert.deepEqual(tokenize('a  ').at(-1), {
    kind: 'end',
    text: '',
    start: 3,
    end: 3,
    isSpaced: true,
    problem: null,
  })
})

test('words hold letters and digits of every script, underscores and dots', () => {
  assert.equal(tokens('ошибка_1.x 오류'), ' word[ошибка_1.x]0-10 word[오류]11-13')
})

test('the three quotes work, and only backticks know no escapes', () => {
  assert.equal(tokens(`"a\\tb" 'c"d' \`e\\tf\``), ` quoted[a\tb]0-6 quoted[c"d]7-12 quoted[e\\tf]13-19`)
})

test('a quote right behind a word is an ordinary character', () => {
  assert.equal(tokens("don't"), " word[don]0-3symbol[']3-4word[t]4-5")
})

test('a comment goes to the end of the line', () => {
  assert.equal(tokens('a # b "c\nd'), ' word[a]0-1 word[d]9-10')
  assert.equal(tokens('"a"# b'), ' quoted[a]0-3')
})

test('a # within a phrase starts no comment', () => {
  assert.equal(tokens('issue#12'), ' word[issue]0-5symbol[#]5-6word[12]6-8')
})

test('an unclosed quote is a token with a problem, and nothing is thrown', () => {
  assert.deepEqual(tokenize('a "b c').at(1), {
    kind: 'quoted',
    text: 'b c',
    start: 2,
    end: 6,
    isSpaced: true,
    problem: { message: 'the text that opens here has no closing "', offset: 2, length: 1 },
  })
})

test('a bad escape is marked where it stands', () => {
  assert.deepEqual(tokenize('x:"a\\d"')[2].problem, {
    message: '`\\d` is no escape inside quotes: write `\\\\d`, or put the text between backticks',
    offset: 4,
    length: 2,
  })
})

test('characters beyond the basic plane are one symbol', () => {
  assert.equal(tokens('😀a'), ' symbol[😀]0-2word[a]2-3')
})
