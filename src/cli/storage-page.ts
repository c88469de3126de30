/** The report of `GET /api/v1/storage/report` as tables: what a store takes on disk. Not for programs: `--json` is. */
import { type JsonObject, numberOf, objectOf, objectsOf, textOf } from './json-shape.ts'
import { printNumber } from './progress.ts'
import { printSize } from './size.ts'
import { printTable } from './table.ts'

const LEFT = 'left'
const RIGHT = 'right'

const KINDS: Readonly<Record<string, string>> = {
  message: '(message)',
  ids: '(ids)',
  times: '(times)',
  received: '(received times)',
  levels: '(levels)',
  layouts: '(which fields)',
  filters: '(filters)',
  templates: '(templates)',
  overhead: '(overhead)',
  otherFields: '(other fields)',
}

/** SERVER_REFUSED where it is no report. */
export function printStoragePage(answer: unknown): string {
  const report = objectOf(answer)
  return [printSummary(report), printParts(report), printColumns(report), printEncodings(report)].join('\n')
}

function printSummary(report: JsonObject): string {
  const unsealed = objectOf(report['unsealed'] ?? {})
  const ratio = typeof report['ratio'] === 'number' ? ` (${report['ratio'].toFixed(1)} : 1)` : ''
  const parts = objectsOf(report['parts']).length
  return (
    `${printNumber(numberOf(report['records']))} records in ${parts} part${parts === 1 ? '' : 's'}: ` +
    `${sizeOf(report['rawBytes'])} of values take ${sizeOf(report['bytes'])}${ratio}, ` +
    `${printNumber(numberOf(report['templates']))} templates\n` +
    `${printNumber(numberOf(unsealed['records']))} records wait to be sealed: ${sizeOf(unsealed['bytes'])}\n`
  )
}

function printParts(report: JsonObject): string {
  const columns = [
    { title: 'part', align: RIGHT },
    { title: 'day', align: LEFT },
    { title: 'records', align: RIGHT },
    { title: 'deleted', align: RIGHT },
    { title: 'size', align: RIGHT },
    { title: 'ratio', align: RIGHT },
    { title: 'merges', align: RIGHT },
    { title: 'zstd', align: RIGHT },
    { title: 'templates', align: RIGHT },
    { title: 'ids', align: LEFT },
    { title: 'times', align: LEFT },
  ] as const
  const parts = objectsOf(report['parts'])
  const rows = parts.map((part) => [
    String(numberOf(part['number'])),
    textOf(part['day']) || '-',
    printNumber(numberOf(part['records'])),
    printNumber(numberOf(part['deleted'])),
    sizeOf(part['bytes']),
    ratioOf(part),
    String(numberOf(part['level'])),
    String(numberOf(part['compression'])),
    printNumber(numberOf(part['templates'])),
    `${numberOf(part['firstId'])}-${numberOf(part['endId']) - 1}`,
    `${timeOf(part['timeMsMin'])} ${timeOf(part['timeMsMax'])}`,
  ])
  const damaged = parts.filter((part) => textOf(part['damage']) !== '')
  const warnings = damaged.map((part) =>
    printTable([{ title: `${textOf(part['file'])} is damaged`, align: LEFT }], []),
  )
  return printTable(columns, rows) + warnings.join('')
}

function ratioOf(part: JsonObject): string {
  const [raw, bytes] = [numberOf(part['rawBytes']), numberOf(part['bytes'])]
  return raw > 0 && bytes > 0 ? (raw / bytes).toFixed(1) : '-'
}

function printColumns(report: JsonObject): string {
  const total = numberOf(report['bytes'])
  const columns = [
    { title: 'column', align: LEFT },
    { title: 'size', align: RIGHT },
    { title: 'share', align: RIGHT },
    { title: 'unpacked', align: RIGHT },
  ] as const
  const rows = objectsOf(report['columns']).map((column) => [
    column['kind'] === 'field'
      ? textOf(column['name'])
      : (KINDS[textOf(column['kind'])] ?? textOf(column['kind'])),
    sizeOf(column['bytes']),
    shareOf(column, total),
    sizeOf(column['unpackedBytes']),
  ])
  return printTable(columns, rows)
}

function printEncodings(report: JsonObject): string {
  const total = numberOf(report['bytes'])
  const columns = [
    { title: 'encoding', align: LEFT },
    { title: 'columns', align: RIGHT },
    { title: 'rows', align: RIGHT },
    { title: 'size', align: RIGHT },
    { title: 'share', align: RIGHT },
  ] as const
  const rows = objectsOf(report['encodings']).map((encoding) => [
    textOf(encoding['name']),
    printNumber(numberOf(encoding['columns'])),
    printNumber(numberOf(encoding['rows'])),
    sizeOf(encoding['bytes']),
    shareOf(encoding, total),
  ])
  return printTable(columns, rows)
}

const sizeOf = (value: unknown): string => printSize(numberOf(value))

function shareOf(part: JsonObject, total: number): string {
  return total === 0 ? '-' : `${((numberOf(part['bytes']) / total) * 100).toFixed(1)} %`
}

/** To the second, in UTC; a dash for what is no time that a calendar has. */
function timeOf(value: unknown): string {
  const time = new Date(typeof value === 'number' ? value : Number.NaN)
  return Number.isNaN(time.getTime()) ? '-' : `${time.toISOString().slice(0, -'.000Z'.length)}Z`
}
