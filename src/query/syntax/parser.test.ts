import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CodedError, isCodedError } from '../../base/base.ts'
import { FILTER_KINDS } from '../filters/registry.ts'
import { PIPE_KINDS } from '../pipes/registry.ts'
import { TEST_NOW_MS } from '../test-blocks.ts'
import { parseQuery, QUERY_DEPTH_MAX } from './parser.ts'
import { printQuery } from './printer.ts'

const parse = (text: string) => parseQuery(text, { nowMs: TEST_NOW_MS })
const printed = (text: string) => printQuery(parse(text))

/** The message, and the piece of the text that it points at. */
function problemOf(text: string): string {
  try {
    parse(text)
  } catch (error) {
    assert.ok(isCodedError(error, 'QUERY_SYNTAX'))
    const { offset, length } = error.details
    assert.ok(typeof offset === 'number' && typeof length === 'number')
    return `${offset}[${text.slice(offset, offset + length)}] ${error.message}`
  }
  return assert.fail(`${text} parsed`)
}

test('the tree of a query is plain data', () => {
  assert.deepEqual(parse('error service:="web api" or !took:>1.5s | fields _time, http.* | limit 5'), {
    filter: {
      kind: 'or',
      children: [
        {
          kind: 'and',
          children: [
            { kind: 'phrase', field: '_msg', phrase: 'error' },
            { kind: 'exact', field: 'service', value: 'web api', isPrefix: false },
          ],
        },
        { kind: 'not', child: { kind: 'compare', field: 'took', operator: '>', value: '1.5s' } },
      ],
    },
    pipes: [
      {
        kind: 'fields',
        fields: [
          { name: '_time', isPrefix: false },
          { name: 'http.', isPrefix: true },
        ],
      },
      { kind: 'limit', rows: 5 },
    ],
  })
})

test('not binds tighter than and, and tighter than or', () => {
  assert.equal(printed('a or b and not c d or e'), 'a or b !c d or e')
  assert.equal(printed('(a or b) and not (c d)'), '(a or b) !(c d)')
  assert.equal(printed('a or (b or (c or d))'), 'a or b or c or d')
  assert.equal(printed('not not a'), 'a')
  assert.equal(printed('!-a b'), 'a b')
})

test('keywords work in any case and mean themselves in quotes', () => {
  assert.equal(printed('a AND b Or NOT c'), 'a b or !c')
  assert.equal(printed('"and" "or" "NOT" "limit"'), '"and" "or" "NOT" "limit"')
})

test('a field may stand before a value, a group or a negation', () => {
  assert.equal(printed('f:(a or b "c d")'), 'f:a or f:b f:"c d"')
  assert.equal(printed('f:!a f:not b'), '!f:a !f:b')
  assert.equal(printed('_msg:a "":b "my field":c'), 'a b "my field":c')
  assert.equal(printed('f:a:b:c'), 'f:"a:b:c"')
  assert.equal(printed('f : a'), 'f:a')
})

test('what stands together without a space is one phrase', () => {
  assert.equal(
    printed("don't foo-bar/baz a@b.c issue#12 1.2.3.4"),
    '"don\'t" "foo-bar/baz" "a@b.c" "issue#12" 1.2.3.4',
  )
})

test('every way to spell a filter prints as one way', () => {
  const ways = [
    ['err*', 'err*'],
    ['"a b"*', '"a b"*'],
    ['f:*', 'f:*'],
    ['_msg:*', '_msg:*'],
    ['f:""', 'f:""'],
    ['exact(a)', '=a'],
    ['f:="a"*', 'f:=a*'],
    ['f:!="a b"', '!f:="a b"'],
    ['re("a.b")', '~"a.b"'],
    ['f:!~a.*', '!f:~"a.*"'],
    ['~".*"', '*'],
    ['f:~.+', 'f:*'],
    ['i("A b"*)', 'i("A b"*)'],
    ['f:in(a, "b c",)', 'f:in(a,"b c")'],
    ['in(*)', '*'],
    ['f: >= 10', 'f:>=10'],
    ['a =b c !d e ~f g >5', 'a =b c !d e ~"f" g >5'],
    ['a=b a="b" f:=<nil> f:=~/a f:~=b', '"a=b" "a=\\"b\\"" f:="<nil>" f:="~/a" f:~"=b"'],
    ['took > 5 a != b c !~ d', 'took >5 a !=b c !~"d"'],
    ['_time:!5m _id:not 5', '!_time:5m !_id:5'],
    ['{"app:"="a"}', '{"app:"="a"}'],
    [
      'OPTIONS(Concurrency=2, ignore_global_time_filter=TRUE) a',
      'options(concurrency=2,ignore_global_time_filter=true) a',
    ],
    ['a | tcp', 'a tcp'],
    ['a | b or c', 'a (b or c)'],
    ['* a *', 'a'],
    ['a or * or b', '*'],
    ['(a or f:~".*") b', 'b'],
    ['a or f:*', 'a or f:*'],
    ['_id:5', '_id:5'],
    ['_id:=5', '_id:5'],
    ['_id:>5', '_id:>=6'],
    ['_id:<5', '_id:<=4'],
    ['_id:(5,9)', '_id:[6,8]'],
    ['_id:in(1,2)', '_id:1 or _id:2'],
    ['_id:in()', '_id:in()'],
    ['_time:( now-1h , now ]', '_time:(now-1h,now]'],
    ['_time:[1h5m, 1.5m)', '_time:[1h5m,1.5m)'],
    ['_time:"2025-07-18 10:00"', '_time:"2025-07-18 10:00"'],
    ['_time:5m OFFSET 1d', '_time:5m offset 1d'],
    ['_time:day_range[8:00, 18:30:00) OFFSET 2h', '_time:day_range[08:00,18:30) offset 2h'],
    ['_time:week_range(monday, FRI]', '_time:week_range(Mon,Fri]'],
    ['f:contains_all(a, "b c",)', 'f:contains_all(a,"b c")'],
    ['contains_any(*)', '*'],
    ['f:in(a b | fields c)', 'f:in(a b | fields c)'],
    ['in(_time:[now-1h, now) a | fields b)', 'in(_time:[now-1h,now) a | fields b)'],
    ['{a=b,}', '{a="b"}'],
    ['{a=b} c {d=e or f=g}', '{a="b",d="e" or a="b",f="g"} c'],
    ['f:contains_any((a or b) | keep "c d")', 'f:contains_any(a or b | fields "c d")'],
    ['f:[1, 2)', 'f:range[1,2)'],
    ['f:range (1KiB, "inf"]', 'f:range(1KiB,inf]'],
    ['len_range("5", 1_000)', 'len_range(5,1000)'],
    ['ipv4_range(10.1.2.3/8)', 'ipv4_range(10.0.0.0,10.255.255.255)'],
    ['ipv6_range(2001:DB8::/127)', 'ipv6_range("2001:db8::","2001:db8::1")'],
    ['f:seq(a, "b c")', 'f:seq(a,"b c")'],
    ['f:!eq_field("b c")', '!f:eq_field("b c")'],
    ['pattern_match("<N>")', 'pattern_match("<N>")'],
    ['pattern:0123456789ABCDEF', 'pattern:0123456789abcdef'],
    ['"pattern":0123456789abcdef', '"pattern":0123456789abcdef'],
    ['pattern:a', '"pattern":a'],
    ['*:a', '*:a'],
    ['*:(a or !b c*)', '*:a or !*:b *:c*'],
    ['http.*:*', 'http.*:*'],
    ['"a b"*:="c"', '"a b"*:=c'],
    ['*:~".*"', '*'],
    [
      'options(concurrency=2) a f:in(b | fields c)',
      'options(concurrency=2) a f:in(options(concurrency=2) b | fields c)',
    ],
    ['options() a', 'a'],
    ['a | keep x,y', 'a | fields x, y'],
    ['a | head', 'a | limit 10'],
    ['a | limit 20_000', 'a | limit 20000'],
    ['a | limit 1.50_0K', 'a | limit 1500'],
    ['a | where b or c', 'a (b or c)'],
    ['a | b:c | "d"', 'a b:c d'],
    ['a | in(b, "c d")', 'a in(b,"c d")'],
    ['a | fields b | re("c")', 'a | fields b | filter ~"c"'],
    ['a | fields b | Contains_Any (c, d)', 'a | fields b | filter contains_any(c,d)'],
    ['a | fields b | in(c | fields b)', 'a | fields b | filter in(c | fields b)'],
    ['a | fields b | filter limit exceeded', 'a | fields b | filter "limit" exceeded'],
    ['a | where stats* or count', 'a ("stats"* or "count")'],
    ['a | count() if (sort) x', 'a | stats count(*) if ("sort") as x'],
    ['a | format if (limit) "x"', 'a | format if ("limit") x'],
    ['# all\n* # really', '*'],
  ]
  for (const [text, expected] of ways) {
    assert.equal(printed(text), expected, text)
    assert.deepEqual(parse(printed(text)), parse(text), text)
  }
})

test('examples of every filter and pipe parse, use it, and print so that they parse the same', () => {
  for (const { kind, examples } of [...FILTER_KINDS, ...PIPE_KINDS]) {
    assert.ok(examples.length > 0, `${kind} has no example`)
    for (const example of examples) assert.deepEqual(parse(printed(example)), parse(example), example)
    const uses = examples.some((example) => JSON.stringify(parse(example)).includes(`"kind":"${kind}"`))
    assert.ok(uses || kind === 'filter', `no example of ${kind} uses it`)
  }
})

test('problems say what was wrong, what would be right, and where', () => {
  const problems = [
    ['', '0[] the query is empty; `*` finds everything'],
    ['  # nothing', '11[] the query is empty; `*` finds everything'],
    ['error and', '9[] a filter is missing after `and`'],
    ['(a or b', '0[(] this `(` has no closing `)`'],
    ['a or b)', '6[)] this `)` closes nothing; put it into quotes to search for it'],
    ['a ()', '3[)] a filter is missing between `(` and `)`'],
    ['"a b', '0["] the text that opens here has no closing "'],
    ['f:', '0[f] a value is missing after `f:`'],
    ['a, b', '1[,] `,` has no meaning here; put the text into quotes to search for it'],
    ['a && b', '2[&&] write `and` instead of `&&`, or nothing: filters side by side must all match'],
    ['a || b', '2[||] write `or` instead of `||`'],
    [
      '{a="b"} |= "c"',
      '8[|=] write the text alone instead of `|=`, like `"text"`; with a space, `| ="text"` is the whole message',
    ],
    [
      'took <> 5',
      '5[<>] write `took:!=…` for the field `took`, or leave out the space behind `<>` to ask it of the message',
    ],
    [
      '* | filter (x or a.b == c)',
      '21[==] write `a.b:=…` for the field `a.b`, or leave out the space behind `==` to ask it of the message',
    ],
    ['a=~"b"', '1[=~] write `a:~…` for the field `a`, or put all of it into quotes to search for it'],
    [
      'x a.b!="c"',
      '5[!=] write `a.b:!=…` for the field `a.b`, or put all of it into quotes to search for it',
    ],
    ['f:==5', '2[==] `==` is no operator: write `=`, or put the value into quotes'],
    ['f:=~"a"', '2[=~] `=~` is no operator: write `~`, or put the value into quotes'],
    ['f:!~="a"', '3[~=] `~=` is no operator: write `~`, or put the value into quotes'],
    ['f:=<5', '2[=<] `=<` is no operator: write `<=`, or put the value into quotes'],
    ['f:<>5', '2[<>] `<>` is no operator: write `!=`, or put the value into quotes'],
    ['i(a)* b', '4[*] `*` stands at the end of a word, not behind `)`'],
    ['f:[1, 2]*', '8[*] `*` stands at the end of a word, not behind `]`'],
    ['{app:="a"}', '1[app:] within `{…}` no colon stands before the operator: `{app="a"}`'],
    [
      'options(a=1) b',
      '8[a] there is no option `a`; there are concurrency, parallel_readers, ignore_global_time_filter, allow_partial_response, time_offset',
    ],
    ['a*b', '2[b] `*` stands at the end of a word, not before `b`; for a pattern write `~"a.*b"`'],
    ['exat(a)', '0[exat] there is no filter `exat(…)`; did you mean `exact`?'],
    [
      'error(disk)',
      '0[error] there is no filter `error(…)`; for the word and a group, put a space before `(`',
    ],
    ['f:contains(a)', '2[contains] there is no filter `contains(…)`; write it like `field:*text*`'],
    ['f:Regex("a")', '2[Regex] there is no filter `regex(…)`; write it like `field:~"pattern"`'],
    ['i(a b)', '4[b] expected `,` or `)` in `i(…)`, got `b`'],
    ['exact(a, b)', '9[b] `exact(…)` takes one value'],
    ['in(a, b*)', '6[b] `in(…)` takes whole values, without `*`'],
    [
      'in(a | limit 5)',
      '2[(a | limit 5)] a query whose values are wanted ends in one field, like `| fields user`',
    ],
    [
      'in(a | fields b, c)',
      '2[(a | fields b, c)] a query whose values are wanted ends in one field, like `| fields user`',
    ],
    ['range(1, x)', '9[x] `x` is no number: write it like 10, 1.5KiB, 300ms or 10.0.0.1'],
    ['f:[1, 2', '7[] expected `]` or `)` at the end of the range, got the end of the query'],
    ['[1, 2]', '0[[] a range stands behind the name of a field: `took:[1s, 5s)`'],
    ['len_range(1)', '0[len_range] `len_range(…)` takes two lengths'],
    [
      'ip:ipv4_range(10.0.0.0/40)',
      '14[10.0.0.0/40] `10.0.0.0/40` is not an address or a network: write it like 10.0.0.1 or 10.0.0.0/8',
    ],
    ['_time:day_range[25:00, 26:00]', '16[25:00] `25:00` is not a time of day like 08:30'],
    ['_time:week_range[Mon, Xyz]', '22[Xyz] `Xyz` is not a day like Mon'],
    ['*:{a="b"}', '2[{] a stream filter `{…}` stands alone, or after `_stream:`'],
    ['http.*:', '7[] a value is missing after `http.*:`'],
    ['~"a"*', '1["a"*] a regular expression in quotes ends with them: put all of it into quotes'],
    ['~"a("', '1["a("] the regular expression is not valid: missing closing ): \'a(\''],
    ['~"\\d"', '2[\\d] `\\d` is no escape inside quotes: write `\\\\d`, or put the text between backticks'],
    [
      '_time:yesterday',
      '6[yesterday] `yesterday` is no time: write it like 5m, 2025-07-18Z, 2025-07-18T10:20:30+09:00, now-5m or 1752800000',
    ],
    ['_time:5m offset x', '16[x] `x` is no duration: write it like 5m, 1.5h or 2d12h'],
    [
      '_time:[now, 5x)',
      '12[5x] `5x` is no time: write it like 5m, 2025-07-18Z, 2025-07-18T10:20:30+09:00, now-5m or 1752800000',
    ],
    ['_id:abc', '4[abc] `abc` is no id: ids are whole numbers below 2^53'],
    [
      '_id:9007199254740992',
      '4[9007199254740992] `9007199254740992` is no id: ids are whole numbers below 2^53',
    ],
    [
      'limit 10',
      '0[limit] `limit` is the name of a pipe: it stands after `|`; to search for the word, put it into quotes',
    ],
    ['| limit 10', '0[|] a filter is missing before `|`; `*` finds everything'],
    ['a |', '3[] a pipe is missing after `|`, like `| limit 10`'],
    ['a | lmit 10', '4[lmit] there is no pipe `lmit`; did you mean `limit`?'],
    ['a | limit ten', '10[ten] `ten` is not a number of rows: a whole number is expected here'],
    ['a | limit 10 20', '13[20] expected `|` or the end of the query after `limit`, got `20`'],
    ['a | fields', '10[] expected the name of a field, got the end of the query'],
    [
      'a | status',
      '4[status] there is no pipe `status`; did you mean `stats`? To search for the word, put it into quotes',
    ],
    [
      'a | filter stats | limit 5',
      '11[stats] `stats` is the name of a pipe: it stands after `|`; to search for the word, put it into quotes',
    ],
    [
      'a | collapse_nums pretify',
      '18[pretify] expected `|` or the end of the query after `collapse_nums`, got `pretify`; did you mean `prettify`?',
    ],
    [
      'a | sort by (b) dsc limit 5',
      '16[dsc] expected `|` or the end of the query after `sort`, got `dsc`; did you mean `desc`?',
    ],
    [
      'a | limit 5 sort by (b)',
      '12[sort] expected `|` or the end of the query after `limit`, got `sort`; put `|` before `sort`',
    ],
    ['a | top by (b) hits as c rank hits as d', '30[hits] `hits` stands twice here'],
    ['a | top by (b) rank as c rank', '25[rank] `rank` stands twice here'],
    [
      'a | facets max_value_len 5 keep_const_fields max_value_len 6',
      '45[max_value_len] `max_value_len` stands twice here',
    ],
    [
      'a | facets keep_const_fields keep_const_fields',
      '29[keep_const_fields] `keep_const_fields` stands twice here',
    ],
    ['a | join by (b) (c) inner prefix d inner', '35[inner] `inner` stands twice here'],
    ['a | join by (b) (c) prefix d prefix d', '29[prefix] `prefix` stands twice here'],
    ['a | stream_context before 5 before 6', '28[before] `before` stands twice here'],
    ['a | stream_context after 5 before 1 after 5', '36[after] `after` stands twice here'],
    [
      'a | stream_context after 5 time_window 1h time_window 2h',
      '42[time_window] `time_window` stands twice here',
    ],
  ]
  for (const [text, expected] of problems) assert.equal(problemOf(text), expected, text)
})

test('a message is one line and inert, whatever the query holds', () => {
  assert.ok(
    problemOf('a _id:"\u202e\x1b\n"').endsWith(
      ' `\\u202e\\u001b\\n` is no id: ids are whole numbers below 2^53',
    ),
  )
})

test('64 KiB of text, 100 levels of nesting, 1,000 filters and 200 pipes are the most', () => {
  const tooLarge = (text: string) =>
    assert.throws(
      () => parse(text),
      (error) => isCodedError(error, 'QUERY_TOO_LARGE'),
    )
  assert.equal(parse('a'.repeat(65_536)).pipes.length, 0)
  tooLarge('a'.repeat(65_537))
  tooLarge('é'.repeat(32_769))
  const nested = (levels: number) => `${'('.repeat(levels)}a${')'.repeat(levels)}`
  assert.equal(printed(nested(QUERY_DEPTH_MAX)), 'a')
  tooLarge(nested(QUERY_DEPTH_MAX + 1))
  tooLarge('('.repeat(60_000))
  tooLarge('!'.repeat(60_000))
  tooLarge(`${'f:'.repeat(1)}${':'.repeat(60_000)}`)
  assert.equal(parse('a '.repeat(1000)).filter.kind, 'and')
  tooLarge('a '.repeat(1001))
  tooLarge(`${'a or '.repeat(13_000)}b`)
  assert.equal(parse(`*${' | limit 5'.repeat(200)}`).pipes.length, 200)
  tooLarge(`*${' | limit 5'.repeat(201)}`)
})

test('hostile regular expressions are refused, not run', () => {
  assert.throws(
    () => parse('~"(\\\\pL{100}){11}"'),
    (error) => error instanceof CodedError,
  )
  assert.throws(
    () => parse(`~"${'a{1000}'.repeat(20)}"`),
    (error) => isCodedError(error, 'QUERY_TOO_LARGE'),
  )
})
