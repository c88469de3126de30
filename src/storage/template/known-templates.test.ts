import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { sharedFolder } from '../../../test/shared-folder.ts'
import { SeededRandom } from '../../base/base.ts'
import { KnownTemplates } from './known-templates.ts'
import { PLAIN, render, type Template } from './template.ts'
import { type MinedBlock, TemplateMiner } from './template-miner.ts'

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const random = (): SeededRandom => new SeededRandom(1)
const repeat = (count: number, text: (n: number) => string): string[] =>
  Array.from({ length: count }, (_, n) => text(n))

interface Mined extends MinedBlock {
  /** By row: values of its slots, null where it is plain. */
  readonly rowValues: readonly (readonly Uint8Array[] | null)[]
}

/** Mines and asserts that every row comes back, by the list of the block and by that of what is known. */
function mine(miner: TemplateMiner, rows: readonly Uint8Array[], known: KnownTemplates): Mined {
  const starts = new Uint32Array(rows.length)
  const lengths = Uint32Array.from(rows, (row) => row.length)
  for (let row = 1; row < rows.length; row++) starts[row] = starts[row - 1] + lengths[row - 1]
  const data = new Uint8Array(Buffer.concat(rows))
  const mined = miner.mine({ data, starts, lengths }, rows.length, known)
  let variable = 0
  const rowValues = rows.map((row, at) => {
    const number = mined.rowTemplates[at]
    if (number === PLAIN) return null
    const template = mined.templates[number]
    assert.equal(known.list()[mined.numbers[number]], template)
    const values = Array.from(template.slots, () => {
      const value = data.slice(mined.variableStarts[variable], mined.variableEnds[variable])
      variable++
      return value
    })
    assert.equal(textOf(render(template, values)), textOf(row))
    return values
  })
  assert.equal(variable, mined.variableStarts.length)
  assert.equal(new Set(mined.numbers).size, mined.templates.length)
  const counts = new Uint32Array(mined.templates.length)
  for (const number of mined.rowTemplates) if (number !== PLAIN) counts[number]++
  assert.deepEqual(mined.rowCounts, counts)
  return { ...mined, rowValues }
}

const mineText = (rows: readonly string[], known: KnownTemplates): Mined =>
  mine(new TemplateMiner(random()), rows.map(latin1), known)

const shapeOf = (template: Template): string =>
  textOf(
    render(
      template,
      Array.from(template.slots, () => latin1('<>')),
    ),
  )
const shapes = ({ templates }: MinedBlock): string[] => templates.map(shapeOf)

const USERS = ['root', 'admin', 'guest', 'oracle', 'test', 'git', 'www', 'backup', 'news', 'bob']
const letters = (n: number): string => [...String(n)].map((digit) => 'etaoinshrd'[Number(digit)]).join('')
const access = (n: number): string =>
  `10.0.${n % 7}.${n % 90} - - [17/May/2015:10:05:${10 + (n % 50)} +0000] "GET /${letters(n)}/${letters(n * 7)}.html ` +
  `HTTP/1.1" 200 ${n} "http://a.example/${letters(n * 3)}" "Mozilla/5.0 (X11; ${letters(n * 9)}; rv:${n % 9}) Gecko"`

/** Blocks of all kinds that the tests know, and the shapes that a few rows of each have once they are known. */
const KINDS: readonly (readonly [string, (n: number) => string, string])[] = [
  ['tokens with digits', (n) => `job ${n} took ${n}ms`, 'job <> took <>'],
  ['a word', (n) => `password of ${USERS[n % 10]} refused on port ${n}`, 'password of <> refused on port <>'],
  ['paths and quotes', access, '<> - - [<>/May/<>:<>:<>:<> +<>] "<> <> <>" <> <> "<>" "<>"'],
  [
    'values after =',
    (n) => `at=info user=${letters(n)} path=/x/${letters(n * 3)} n=${n}`,
    'at=<> user=<> path=<> n=<>',
  ],
]

for (const [kind, text, shape] of KINDS) {
  test(`one row of a template that the part has is enough: ${kind}`, () => {
    const known = new KnownTemplates(random())
    const first = mineText(repeat(500, text), known)
    assert.deepEqual(shapes(first), [shape])
    for (const rowCount of [1, 5]) {
      const more = mineText(
        repeat(rowCount, (n) => text(n + 7000)),
        known,
      )
      assert.deepEqual(shapes(more), [shape])
      assert.deepEqual([...more.numbers], [...first.numbers])
    }
  })

  test(`a template that is added with an example is recognised: ${kind}`, () => {
    const first = mineText(repeat(500, text), new KnownTemplates(random()))
    const example = first.rowValues[0]
    assert.ok(example)
    const known = new KnownTemplates(random())
    assert.equal(known.add(first.templates[0], example), 0)
    assert.equal(known.add(first.templates[0], example), 0)
    const more = mineText([text(7001)], known)
    assert.deepEqual(shapes(more), [shape])
    assert.deepEqual(shapes(mineText([text(7001)], new KnownTemplates(random()))), [])
  })
}

test('a block of other rows learns its own templates beside the known ones', () => {
  const known = new KnownTemplates(random())
  mineText(repeat(400, access), known)
  const second = mineText(
    repeat(400, (n) => (n % 40 === 0 ? access(n) : `session of ${USERS[n % 10]} ended after ${n}s`)),
    known,
  )
  assert.equal(shapes(second)[0], 'session of <> ended after <>')
  assert.equal(second.numbers[1], 0)
  assert.equal(known.list().length, 2)
})

test('an example that no reading finds is in the list, and mining goes on', () => {
  const known = new KnownTemplates(random())
  const odd = { text: latin1('ab'), slots: Uint32Array.of(1, 1) }
  assert.equal(known.add(odd, [latin1(' '), latin1('')]), 0)
  assert.deepEqual(
    shapes(
      mineText(
        repeat(40, (n) => `a${n} b`),
        known,
      ),
    ),
    ['<> b'],
  )
})

test('where the list is full, rows of further templates are plain', () => {
  const known = new KnownTemplates(random(), 1)
  mineText(
    repeat(40, (n) => `job ${n}`),
    known,
  )
  const more = mineText(
    repeat(40, (n) => (n % 2 ? `job ${n}` : `task ${n}`)),
    known,
  )
  assert.deepEqual(shapes(more), ['job <>'])
  assert.equal(known.list().length, 1)
  assert.deepEqual([...more.rowTemplates.subarray(0, 2)], [PLAIN, 0])
})

test('what is forgotten begins anew', () => {
  const known = new KnownTemplates(random())
  mineText(
    repeat(40, (n) => `job ${n}`),
    known,
  )
  known.forget()
  assert.deepEqual(
    [
      ...mineText(
        repeat(40, (n) => `task ${n}`),
        known,
      ).numbers,
    ],
    [0],
  )
  assert.equal(known.list().length, 1)
})

test('a trie that text without repetition fills is emptied, and numbers stay', () => {
  const known = new KnownTemplates(random())
  const miner = new TemplateMiner(random())
  const source = new SeededRandom(9)
  const word = () => Array.from({ length: 6 }, () => String.fromCharCode(97 + source.below(26))).join('')
  const nodeCounts = repeat(3, () => {
    const rows = repeat(12_000, (n) =>
      n % 2 ? `job ${n} took ${n}ms` : repeat(25, (i) => `${word()} ${i}`).join(' '),
    )
    assert.equal(mine(miner, rows.map(latin1), known).numbers[0], 0)
    return String(known.trie.nodeCount)
  }).map(Number)
  assert.ok(nodeCounts[0] > 1 << 17, `${nodeCounts[0]} nodes do not fill it`)
  assert.ok(Math.max(...nodeCounts) < nodeCounts[0] * 1.2, `${nodeCounts} nodes`)
})

test('examples of texts to be read wide from their start do not hide the others', () => {
  const known = new KnownTemplates(random())
  const at = (n: number) => `at=${letters(n)} n=${n}`
  const job = (n: number) => `job ${n}`
  for (const text of [at, job]) {
    const { templates, rowValues } = mineText(repeat(400, text), new KnownTemplates(random()))
    known.add(templates[0], rowValues[0] ?? [])
  }
  assert.deepEqual([...mineText([job(7)], known).numbers], [1])
  const other = new KnownTemplates(random())
  other.add(known.list()[0], [latin1('x'), latin1('1')])
  assert.deepEqual(shapes(mineText([at(7)], other)), ['at=<> n=<>'])
})

test('the corpus in small blocks comes back, whatever is known, also with damaged rows', (t) => {
  const corpus = sharedFolder(t, 'corpus')
  if (corpus === null) return
  for (const name of ['Linux.log', 'OpenStack.log', 'Spark.log', 'more/access.log', 'more/kafka.log']) {
    const seed = name.length
    const source = new SeededRandom(seed)
    const rows = readFileSync(join(corpus, name), 'latin1').split('\n').filter(Boolean).map(latin1)
    const known = new KnownTemplates(source)
    const again = new KnownTemplates(source)
    const miner = new TemplateMiner(source)
    let plain = 0
    for (let from = 0; from < rows.length; ) {
      const block = rows.slice(from, from + 1 + source.below(400))
      const damaged = block.map((row) => row.map((byte) => (source.chance(0.003) ? source.below(256) : byte)))
      for (const mined of [mine(miner, block, known), mine(miner, damaged, known)])
        for (const [number, template] of mined.templates.entries()) {
          const row = mined.rowTemplates.indexOf(number)
          again.add(template, mined.rowValues[row] ?? [])
        }
      plain += mine(miner, block, again).rowTemplates.reduce((sum, n) => sum + (n === PLAIN ? 1 : 0), 0)
      from += block.length
    }
    assert.ok(plain < rows.length / 10, `${name}, seed ${seed}: ${plain} of ${rows.length} rows are plain`)
    t.diagnostic(`${name}: ${plain} of ${rows.length} rows plain, ${again.list().length} templates`)
  }
})
