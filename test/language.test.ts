/** What the query language says where there is no Node is what it says here. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { it } from 'node:test'
import { FILTER_KINDS } from '../src/query/filters/registry.ts'
import * as language from '../src/query/language.ts'
import { PIPE_KINDS } from '../src/query/pipes/registry.ts'
import { STATS_FUNCTIONS } from '../src/query/stats/registry.ts'
import { type LanguageQuestion, languageAnswers } from './language-answers.ts'
import { askInBrowser, findChromium } from './language-page.ts'

const NOW_MS = Date.UTC(2026, 3, 5, 6, 7, 8)
const CHILD_MS_MAX = 100_000

/** Each with something wrong, or that few queries have. */
const ODD_TEXTS = [
  ...[
    '',
    '*',
    '"',
    '(',
    'a)',
    'error | stat',
    'a | sort by (',
    '* | lmit 5 | stats',
    '_time:5x',
    '_time:5m offset 1h',
  ],
  ...[
    'level:>=warn',
    '~"(a"',
    'a:~"[z-a]"',
    'é:😀 "\\x"',
    'options(concurrency=x) a',
    `${'('.repeat(150)}a`,
    '\0\r\n',
  ],
  ...[
    '_time:2026-04-05T06+02:00',
    '_time:[now-1d, now)',
    'x:in(_time:1h a | fields x)',
    '* | math a+*b as c',
  ],
]

const examples = [...FILTER_KINDS, ...PIPE_KINDS, ...STATS_FUNCTIONS].flatMap((kind) => kind.examples)

/** Every example, whole and cut short in the middle. */
const texts = [...ODD_TEXTS, ...examples.flatMap((text) => [text, text.slice(0, text.length / 2)])]

const questions: LanguageQuestion[] = texts.map((text) => ({
  text,
  cursors: [0, text.length >> 1, text.length],
  nowMs: NOW_MS,
}))

/** One text at a time: a difference of all of them would fill the screen. */
function assertSame(answers: unknown): void {
  const expected = languageAnswers(language, questions)
  assert.ok(Array.isArray(answers), String(answers))
  assert.equal(answers.length, expected.length)
  for (let at = 0; at < expected.length; at++) assert.equal(answers[at], expected[at], texts[at])
}

it('the language parses, prints, diagnoses, highlights and completes where there is no Node', () => {
  assert.ok(examples.length > 100, 'the language has examples')
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning']
  const child = spawnSync(
    process.execPath,
    [...flags, join(import.meta.dirname, 'language-without-node.ts')],
    {
      input: JSON.stringify(questions),
      encoding: 'utf8',
      timeout: CHILD_MS_MAX,
      maxBuffer: 64 << 20,
    },
  )
  assert.equal(child.status, 0, child.stderr)
  assertSame(JSON.parse(child.stdout))
})

const chromium = findChromium()

it('and so it does in a browser', { skip: chromium === null && 'there is no Chromium here' }, async () => {
  assert.ok(chromium)
  assertSame(await askInBrowser(chromium, questions))
})
