/** docs/logsql.md, out of what filters, pipes, functions and options declare. */
import type { FilterKind } from '../filters/kind.ts'
import { FILTER_KINDS } from '../filters/registry.ts'
import type { PipeKind } from '../pipes/kind.ts'
import { PIPE_KINDS } from '../pipes/registry.ts'
import { STATS_FUNCTIONS } from '../stats/registry.ts'
import { QUERY_OPTIONS } from './options.ts'
import { QUERY_BYTES_MAX, QUERY_DEPTH_MAX, QUERY_FILTERS_MAX, QUERY_PIPES_MAX } from './parser.ts'

export function printLogsqlReference(): string {
  return [INTRODUCTION, filters(), pipes(), functions(), options(), ENDING].join('\n')
}

const INTRODUCTION = `# LogsQL

The language of queries, in the shell, on the query port and over HTTP. It is that of VictoriaLogs, with a few additions:
queries and dashboards can be brought along. A query is a filter, and pipes that make something of what it finds:

\`\`\`
_time:1h level:error | stats by (service) count() as errors | sort by (errors desc) | limit 5
\`\`\`

\`logcaster query --explain '…'\` prints what a query means and how it is run. This page is made from the declarations in
\`src/query\` by \`npm run docs\`; a test runs every example on it.

## How a query is read

- Filters side by side must all match. \`and\` says the same, \`or\` binds less tightly, \`not\`, \`!\` and \`-\` more; parentheses
  group. Words of the language count in any case.
- A filter looks at the message (\`_msg\`) unless a field stands before it: \`level:error\`, \`http.status:>=500\`. In
  \`service:(api or web)\` the field holds for the group. \`*:x\` looks at every field, \`http.*:x\` at those that begin so.
- A word is letters, digits, \`_\` and \`.\` without a space between. Anything else goes into quotes: \`"…"\` and \`'…'\` know
  escapes like those of JSON (\`\\x80\` to \`\\xff\` are bytes), \`\` \`…\` \`\` knows none. \`#\` begins a comment.
- Every value is a text; a field that is absent is empty. Numbers, durations, sizes, addresses and times are read from
  texts where something compares or counts them: \`1_000\`, \`0x1f\`, \`1.5KiB\`, \`10MB\`, \`2h30m\`, \`10.0.0.1\`,
  \`2026-01-15T09:50:00Z\`.
- Every record has \`_time\`, \`_msg\`, \`_stream\`, \`_stream_id\`, \`_id\` and mostly \`level\` beside the fields that were sent.
  \`level:err\` finds all that mean error, and \`level:>=warn\` compares levels.

## Order

Rows are records in the order of time, then of id, oldest first, as long as no pipe makes an order of its own; \`limit\` then
keeps the newest. Ids are unique and grow as records arrive, so pages fit together: \`_id:<4711 | limit 100\`.

Where values are sorted, or the largest is looked for, two values are compared as whole numbers if both are, else as
times, else as numbers of any kind (with units), else as texts in which runs of digits count as numbers.
`

function filters(): string {
  const rows = FILTER_KINDS.map((kind) => row([filterName(kind), kind.summary, examplesOf(kind.examples)]))
  return `## Filters\n\n| filter | what matches | examples |\n|---|---|---|\n${rows.join('')}`
}

/** How a query spells it: its functions, else its field, else what it is called. */
function filterName({ kind, forms = {} }: FilterKind): string {
  const functionNames = Object.keys(forms.functions ?? {}).map((name) => code(`${name}(…)`))
  const fields = Object.keys(forms.fields ?? {}).map((name) => code(`${name}:…`))
  const words = kind.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return [functionNames, fields].find((names) => names.length > 0)?.join(', ') ?? words
}

function pipes(): string {
  const rows = PIPE_KINDS.map((pipe) =>
    row([namesOf(pipe), pipe.summary, pipe.isLive ? 'yes' : '', examplesOf(pipe.examples)]),
  )
  return `## Pipes

A tail may have those that work on one record after another ("live"). \`filter\` and \`stats\` need not be named where it is
clear what is meant: \`| level:error\`, \`| count() as n\`.

| pipe | what leaves it | live | examples |
|---|---|---|---|
${rows.join('')}`
}

function namesOf({ names, leads }: PipeKind): string {
  const [first, ...others] = names
  const also = leads?.includes('by') === true ? ['by'] : []
  return [first, ...others, ...also].map(code).join(', ')
}

function functions(): string {
  const rows = STATS_FUNCTIONS.map(({ name, summary, examples }) =>
    row([code(name), summary, examplesOf(examples)]),
  )
  return `## Functions of \`stats\`

Each may have \`if (filter)\` behind it, and \`as name\`; without a name its own text is the name, as in \`count(*)\`. \`p*\` in
the parentheses means all fields that begin so.

| function | what it gives | examples |
|---|---|---|
${rows.join('')}`
}

function options(): string {
  const rows = QUERY_OPTIONS.map(({ name, summary, example }) =>
    row([code(name), summary, code(`options(${name}=${example}) error`)]),
  )
  return `## Options of a query

\`options(name=value, …)\` stands before the filter. Queries within a query have those of the outer one, unless they say
otherwise.

| option | what it does | example |
|---|---|---|
${rows.join('')}`
}

const ENDING = `## Limits

| what | limit |
|---|---|
| a query | ${QUERY_BYTES_MAX / 1024} KiB, ${QUERY_DEPTH_MAX} levels of nesting, ${QUERY_FILTERS_MAX} filters, ${QUERY_PIPES_MAX} pipes |
| what a pipe keeps of the rows | \`query.memoryBytesMax\`; then the query is refused with QUERY_TOO_LARGE, never answered wrongly |
| how long a query runs | \`query.deadlineMs\`, or \`timeout\` of a request over HTTP |

Counts and distinct values are exact. What could not be read, because a file is damaged, is left out, and the answer says
which ids are missing.

Regular expressions have the syntax of RE2, and take time that grows with the text alone, whatever the pattern.
`

const code = (text: string): string => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``)
const examplesOf = (examples: readonly string[]): string => examples.map(code).join('<br>')
const row = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |\n`
