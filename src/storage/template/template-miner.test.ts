import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { sharedFolder } from '../../../test/shared-folder.ts'
import { SeededRandom } from '../../base/base.ts'
import { PLAIN, render, TEMPLATE_SLOTS_MAX } from './template.ts'
import { type MinedColumn, TemplateMiner } from './template-miner.ts'
import type { TextColumn } from './text-reader.ts'
import { type TemplateColumns, ValueInterner } from './value-interner.ts'

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

/** A column whose rows lie in the order of `rows`, with `gap` bytes before each. */
function columnOf(rows: readonly Uint8Array[], gap = 0): TextColumn {
  const data = new Uint8Array(rows.reduce((sum, row) => sum + row.length + gap, 0)).fill(0x39)
  const starts = new Uint32Array(rows.length)
  const lengths = Uint32Array.from(rows, (row) => row.length)
  let at = 0
  for (const [number, row] of rows.entries()) {
    starts[number] = at += gap
    data.set(row, at)
    at += row.length
  }
  return { data, starts, lengths }
}

interface Mined {
  readonly column: TextColumn
  readonly mined: MinedColumn
  readonly columns: TemplateColumns
}

function mine(rows: readonly Uint8Array[], seed = 1, gap = 0): Mined {
  const column = columnOf(rows, gap)
  const mined = new TemplateMiner(new SeededRandom(seed)).mine(column, rows.length)
  const columns = new ValueInterner(new SeededRandom(seed)).intern(mined, column.data)
  return { column, mined, columns }
}

const mineText = (rows: readonly string[]): Mined => mine(rows.map(latin1))

/** Every row as templates and columns give it back; null where it is plain. */
function restore({ mined, columns }: Mined): (Uint8Array | null)[] {
  const rowsDone = new Uint32Array(mined.templates.length)
  const { bytes, starts, ends } = columns.table
  return Array.from(mined.rowTemplates, (number) => {
    if (number === PLAIN) return null
    const row = rowsDone[number]++
    const template = mined.templates[number]
    const values = Array.from(template.slots, (_, slot) => {
      const entry = columns.slot(number, slot).entries[row]
      return bytes.subarray(starts[entry], ends[entry])
    })
    return render(template, values)
  })
}

/** Asserts that all rows come back, and answers how many are plain. */
function assertExact(rows: readonly Uint8Array[], result: Mined): number {
  let plain = 0
  for (const [number, row] of restore(result).entries()) {
    if (row === null) plain++
    else if (Buffer.compare(row, rows[number]) !== 0) assert.equal(textOf(row), textOf(rows[number]))
  }
  const { rowTemplates, rowCounts, variableStarts, templates } = result.mined
  const counted = new Uint32Array(templates.length)
  let variables = 0
  for (const number of rowTemplates) {
    if (number === PLAIN) continue
    counted[number]++
    variables += templates[number].slots.length
  }
  assert.deepEqual(rowCounts, counted)
  assert.equal(variableStarts.length, variables)
  return plain
}

/** Templates as text, with <> for a slot. */
const shapes = ({ mined }: Mined): string[] =>
  mined.templates.map((template) =>
    textOf(
      render(
        template,
        Array.from(template.slots, () => latin1('<>')),
      ),
    ),
  )

const repeat = (count: number, text: (n: number) => string): string[] =>
  Array.from({ length: count }, (_, n) => text(n))

function linesOf(path: string): Uint8Array[] {
  return readFileSync(path, 'latin1')
    .split('\n')
    .filter((line) => line.length > 0)
    .map(latin1)
}

test('tokens with a digit are variables, and what differs otherwise is another template', () => {
  const rows = repeat(40, (n) => (n % 4 === 3 ? `disk sd${n} is gone.` : `job ${n} took ${n * 7}.5ms (ok)`))
  const result = mineText(rows)
  assert.deepEqual(shapes(result), ['job <> took <> (ok)', 'disk <> is gone.'])
  assert.deepEqual([...result.mined.rowCounts], [30, 10])
  assert.deepEqual([...result.mined.rowTemplates.subarray(0, 4)], [0, 0, 0, 1])
})

test('each value stands in the table once', () => {
  const rows = repeat(64, (n) => `from 10.0.0.${n % 3} to 10.0.0.${n % 2}`)
  const { columns } = mineText(rows)
  const { bytes, starts, ends, count } = columns.table
  const values = Array.from({ length: count }, (_, entry) =>
    textOf(bytes.subarray(starts[entry], ends[entry])),
  )
  assert.deepEqual(values.sort(), ['10.0.0.0', '10.0.0.1', '10.0.0.2'])
  assert.equal(columns.slot(0, 1).rowCount, 64)
})

test('every line of the corpus comes back byte for byte', (t) => {
  const corpus = sharedFolder(t, 'corpus')
  if (corpus === null) return
  const files = [corpus, join(corpus, 'more')].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.log'))
      .map((name) => join(folder, name)),
  )
  for (const file of files) {
    const rows = linesOf(file)
    const result = mine(rows)
    const plain = assertExact(rows, result)
    const slots = result.mined.variableStarts.length / rows.length
    t.diagnostic(
      `${basename(file).padEnd(16)} ${String(rows.length).padStart(5)} rows, ` +
        `${String(result.mined.templates.length).padStart(4)} templates, ${slots.toFixed(1)} slots a row, ` +
        `${((plain / rows.length) * 100).toFixed(1)}% plain, ${result.columns.table.count} values`,
    )
    assert.ok(plain < rows.length / 8, `${basename(file)}: ${plain} of ${rows.length} rows are plain`)
  }
})

test('the corpus, all files in one block and mutated, comes back', (t) => {
  const corpus = sharedFolder(t, 'corpus')
  if (corpus === null) return
  const seed = 20_261_121
  const random = new SeededRandom(seed)
  const rows = readdirSync(corpus)
    .filter((name) => name.endsWith('.log'))
    .flatMap((name) => linesOf(join(corpus, name)).slice(0, 600))
  for (const row of rows) {
    for (let left = random.below(4); left > 0 && row.length > 0; left--)
      row[random.below(row.length)] = random.below(256)
  }
  assertExact(rows, mine(rows, seed))
})

test('the result depends on neither the key nor where rows lie', (t) => {
  const corpus = sharedFolder(t, 'corpus')
  if (corpus === null) return
  for (const name of ['Linux.log', 'OpenSSH.log', 'more/access.log']) {
    const rows = linesOf(join(corpus, name))
    const one = mine(rows, 1, 0)
    const other = mine(rows, 2, 3)
    assert.deepEqual(shapes(one), shapes(other))
    assert.deepEqual(one.mined.rowTemplates, other.mined.rowTemplates)
    for (const [number, { slots }] of one.mined.templates.entries()) {
      for (let slot = 0; slot < slots.length; slot++) {
        assert.deepEqual(one.columns.slot(number, slot).entries, other.columns.slot(number, slot).entries)
      }
    }
  }
})

test('a miner that is used again knows nothing of the column before', () => {
  const miner = new TemplateMiner(new SeededRandom(5))
  const first = columnOf(
    repeat(100, (n) => `user ${'abcdefghijklmnop'[n % 16]}x logged in from 10.0.0.${n}`).map(latin1),
  )
  const second = columnOf(repeat(100, (n) => `user bob logged in from 10.0.0.${n}`).map(latin1))
  miner.mine(first, 100)
  const again = miner.mine(second, 100)
  assert.deepEqual(
    again.templates.map(({ text }) => textOf(text)),
    ['user bob logged in from '],
  )
})

test('a word in which eight templates differ is a variable, a level is not', () => {
  const users = ['root', 'admin', 'guest', 'oracle', 'test', 'git', 'www', 'backup', 'news', 'bob']
  const rows = repeat(
    400,
    (n) => `${n % 3 ? 'INFO' : 'WARN'}: password of ${users[n % 10]} refused on port ${n}`,
  )
  const result = mineText(rows)
  assert.deepEqual(shapes(result), [
    'INFO: password of <> refused on port <>',
    'WARN: password of <> refused on port <>',
  ])
  assert.equal(assertExact(rows.map(latin1), result), 0)
})

test('paths, referrers and user agents of an access log are variables', () => {
  const word = (n: number) => 'etaoinshrd'[n % 10] + 'lcumwfgypb'[((n / 10) % 10) | 0]
  const rows = repeat(
    500,
    (n) =>
      `10.0.${n % 7}.${n % 90} - - [17/May/2015:10:05:${10 + (n % 50)} +0000] "GET /${word(n)}/${word(n * 7)}.html?q=${word(n * 3)} ` +
      `HTTP/1.1" 200 ${n} "http://a.example/${word(n * 3)}" "Mozilla/5.0 (X11; ${word(n * 9)}; rv:${n % 9}) Gecko ${word(n)}"`,
  )
  const result = mineText(rows)
  assert.deepEqual(shapes(result), ['<> - - [<>/May/<>:<>:<>:<> +<>] "<> <> <>" <> <> "<>" "<>"'])
  assert.equal(assertExact(rows.map(latin1), result), 0)
})

test('JSON and logfmt in a message become templates when their words differ', () => {
  const word = (n: number) => 'etaoinshrd'[n % 10] + 'lcumwfgypb'[((n / 10) % 10) | 0]
  const json = repeat(300, (n) => `{"user":"${word(n)}","path":"/x/${word(n * 3)}","ms":${n},"ok":true}`)
  const logfmt = repeat(
    300,
    (n) => `at=info user=${word(n)} path=/x/${word(n * 3)} msg="bye ${word(n * 7)}" n=${n}`,
  )
  assert.deepEqual(shapes(mineText(json)), ['{"user":"<>","path":"<>","ms":<>,"ok":true}'])
  assert.deepEqual(shapes(mineText(logfmt)), ['at=<> user=<> path=<> msg="<>" n=<>'])
})

test('any bytes come back: NUL, newlines, invalid UTF-8, empty rows, rows of one byte', () => {
  const rows: Uint8Array[] = []
  for (let n = 0; n < 256; n++) {
    rows.push(
      new Uint8Array(0),
      Uint8Array.of(n),
      latin1(`\0${n}\n\xff\xfe7 x"${n}\\" "\r\n\tat F(F.java:${n})`),
    )
  }
  for (const gap of [0, 1, 2, 3]) assert.ok(assertExact(rows, mine(rows, 3, gap)) < rows.length)
})

test('random bytes and random text come back', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new SeededRandom(seed)
    const alphabet = seed % 2 ? null : latin1('a1 "=/\\:.-_\n\xc3')
    const rows = Array.from({ length: 400 }, () =>
      Uint8Array.from({ length: random.below(60) }, () =>
        alphabet === null ? random.below(256) : alphabet[random.below(alphabet.length)],
      ),
    )
    const few = rows.map((row, n) => (random.chance(0.7) ? rows[n % 9] : row))
    assertExact(rows, mine(rows, seed))
    assertExact(few, mine(few, seed, seed % 5))
  }
})

test('text without repetition is plain as a whole, and costs no variables', () => {
  const random = new SeededRandom(4)
  const letter = () => String.fromCharCode(97 + random.below(26))
  const rows = repeat(3000, () =>
    Array.from({ length: 40 }, () => (random.chance(0.15) ? ' ' : letter())).join(''),
  )
  const { mined } = mineText(rows)
  assert.equal(mined.templates.length, 0)
  assert.ok(mined.rowTemplates.every((number) => number === PLAIN))
  assert.equal(mined.variableStarts.length, 0)
})

test('rows without a template do not take it from those that have one', () => {
  const random = new SeededRandom(6)
  const noise = () => Array.from({ length: 30 }, () => String.fromCharCode(33 + random.below(90))).join('')
  const rows = repeat(4000, (n) => (n < 2000 ? noise() : `connection ${n} of 10.1.2.${n % 256} closed`))
  const result = mineText(rows)
  assert.equal(shapes(result)[0], 'connection <> of <> closed')
  assert.equal(result.mined.rowCounts[0], 2000)
  assertExact(rows.map(latin1), result)
})

test('no more templates than one in eight rows', () => {
  const letters = (n: number) => [...String(n)].map((digit) => 'abcdefghij'[Number(digit)]).join('')
  const rows = repeat(
    800,
    (n) => `${letters(n % 200)} ${letters((n % 200) * 7)} ${letters((n % 200) * 3)} ${n}`,
  )
  const result = mineText(rows)
  assert.ok(result.mined.templates.length <= 100)
  assertExact(rows.map(latin1), result)
})

test('hundreds of variables in a line have slots, and more than the limit leave it plain', () => {
  const line = (count: number, n: number) => `assigned: ${repeat(count, (i) => `[topic,${i * n}]`).join(' ')}`
  const rows = repeat(80, (n) => line(n % 2 ? TEMPLATE_SLOTS_MAX : TEMPLATE_SLOTS_MAX + 1, n))
  const result = mineText(rows)
  assert.deepEqual(
    result.mined.templates.map(({ slots }) => slots.length),
    [TEMPLATE_SLOTS_MAX],
  )
  assert.equal(assertExact(rows.map(latin1), result), 40)
})

test('long messages: a variable of 256 KiB has a slot, static text of that length is plain', () => {
  const long = repeat(16, (n) => `blob ${String(n).repeat(1 << 18)} end`)
  assert.deepEqual(shapes(mineText(long)), ['blob <> end'])
  const letters = repeat(16, (n) => `blob ${'x y '.repeat(1 << 16)} ${n}`)
  assert.equal(assertExact(letters.map(latin1), mineText(letters)), 16)
})

test('a stack trace that comes again is one template', () => {
  const rows = repeat(50, (n) => `Error: no ${n}\n\tat a.B.c(B.java:${n})\n\tat a.D.e(D.java:17)`)
  assert.deepEqual(shapes(mineText(rows)), ['Error: no <>\n\tat a.B.c(B.java:<>)\n\tat a.D.e(D.java:<>)'])
})

test('open quotes without end and escaped ones are read once', () => {
  const rows = repeat(
    400,
    (n) => `${'\\"'.repeat(3000)}${String.fromCharCode(97 + (n % 26), 97 + ((n / 26) | 0))}"`,
  )
  assertExact(rows.map(latin1), mineText(rows))
})
