/**
 * What a sender of logs says about their fields, as parameters of the path or as headers; a parameter wins. The same
 * five in two dialects: our names, and those of VictoriaLogs.
 *
 *   time_field=ts,time   LogCaster-Time-Field: ts,time      _time_field   VL-Time-Field
 *   extra_fields=a=1,b=2 LogCaster-Extra-Fields: a=1,b=2    extra_fields  VL-Extra-Fields
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { NdjsonFieldOptions } from '../../ingest/ingest.ts'
import { didYouMean } from '../../query/query.ts'
import { checkFieldName } from '../../record/record.ts'
import { HttpProblem } from './problem-document.ts'

export interface LogDialect {
  readonly parameters: Readonly<Record<LogParameter, string>>
  readonly headerPrefix: string
  /** Names that are looked for where the sender says nothing; `_time` and `_msg` come behind them. */
  readonly defaults: { readonly timeField: readonly string[]; readonly msgField: readonly string[] }
  /** Parameters that it does not know are a mistake; elsewhere they may mean something to another server. */
  readonly isStrict: boolean
}

type LogParameter = 'timeField' | 'msgField' | 'streamFields' | 'extraFields' | 'ignoreFields'

const HEADERS: Readonly<Record<LogParameter, string>> = {
  timeField: 'time-field',
  msgField: 'msg-field',
  streamFields: 'stream-fields',
  extraFields: 'extra-fields',
  ignoreFields: 'ignore-fields',
}

export const OWN_DIALECT: LogDialect = {
  parameters: {
    timeField: 'time_field',
    msgField: 'msg_field',
    streamFields: 'stream_fields',
    extraFields: 'extra_fields',
    ignoreFields: 'ignore_fields',
  },
  headerPrefix: 'logcaster-',
  // Not `time` and `ts`: where one of them is a duration, its line would be refused, or be of 1970.
  defaults: { timeField: ['timestamp', '@timestamp'], msgField: ['message', 'msg'] },
  isStrict: true,
}

export const VICTORIA_DIALECT: LogDialect = {
  parameters: {
    timeField: '_time_field',
    msgField: '_msg_field',
    streamFields: '_stream_fields',
    extraFields: 'extra_fields',
    ignoreFields: 'ignore_fields',
  },
  headerPrefix: 'vl-',
  defaults: { timeField: [], msgField: [] },
  isStrict: false,
}

/** `streamFields` hold where the sender says nothing of them; an empty list is something. REQUEST_INVALID. */
export function readLogParameters(
  parameters: URLSearchParams,
  headers: IncomingHttpHeaders,
  dialect: LogDialect,
  streamFields: readonly string[] = [],
): NdjsonFieldOptions {
  if (dialect.isStrict) checkNames(parameters, Object.values(dialect.parameters))
  const givenList = (parameter: LogParameter): readonly string[] | null => {
    const text = parameters.get(dialect.parameters[parameter]) ?? headerOf(headers, dialect, parameter)
    return text === undefined ? null : namesOf(text)
  }
  const listOf = (parameter: LogParameter): readonly string[] => givenList(parameter) ?? []
  const timeField = listOf('timeField')
  const msgField = listOf('msgField')
  return {
    timeField: timeField.length > 0 ? timeField : dialect.defaults.timeField,
    msgField: msgField.length > 0 ? msgField : dialect.defaults.msgField,
    streamFields:
      givenList('streamFields') ??
      streamFields.filter((name) => !timeField.includes(name) && !msgField.includes(name)),
    ignoreFields: listOf('ignoreFields'),
    extraFields: listOf('extraFields').map((pair) => readExtraField(pair, dialect)),
  }
}

function namesOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

function checkNames(parameters: URLSearchParams, known: readonly string[]): void {
  for (const name of parameters.keys()) {
    if (known.includes(name)) continue
    throw new HttpProblem(
      'REQUEST_INVALID',
      `There is no parameter of this name${didYouMean(name, known) || '.'}`,
      {
        members: { parameter: name, known },
      },
    )
  }
}

/** Header values come as one character a byte; names are UTF-8. */
function headerOf(
  headers: IncomingHttpHeaders,
  { headerPrefix }: LogDialect,
  parameter: LogParameter,
): string | undefined {
  const value = headers[`${headerPrefix}${HEADERS[parameter]}`]
  return typeof value === 'string' ? Buffer.from(value, 'latin1').toString() : undefined
}

function readExtraField(pair: string, dialect: LogDialect): readonly [name: string, value: string] {
  const equals = pair.indexOf('=')
  const name = pair.slice(0, Math.max(0, equals))
  const problem = equals < 0 ? 'each must be name=value' : checkFieldName(name)
  if (problem === null) return [name, pair.slice(equals + 1)]
  throw new HttpProblem('REQUEST_INVALID', `\`${dialect.parameters.extraFields}\`: ${problem}.`)
}
