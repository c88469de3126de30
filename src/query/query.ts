/** The door of query/: LogsQL from text to rows. */

export type { FieldPattern } from './batches/fields-wanted.ts'
export { type Explained, type ExplainOptions, explainQuery } from './explain.ts'
export * from './language.ts'
export { LiveBlock } from './live/live-block.ts'
export { type LiveRow, liveRows, matchBlock, type RowVisitor, visitRows } from './live/match.ts'
export type { QueryScope } from './piped.ts'
export { hasSubquery } from './piped.ts'
export {
  countedQuery,
  durationMs,
  idQuery,
  keywordQuery,
  levelQuery,
  limitedQuery,
  momentMs,
  narrowedQuery,
  offsetQuery,
  regexQuery,
  timeRangeQuery,
} from './query-forms.ts'
export type { RecordRow, Row, RowField, ValuesRow } from './row.ts'
export { rowFields, rowJson, rowText, rowTextJson } from './row-fields.ts'
export { type JsonLines, jsonLinesOf, type RowsWithLines } from './row-lines.ts'
export {
  countRows,
  type RunOptions,
  type Selection,
  type SelectOptions,
  selectRows,
} from './run.ts'
export { AggregateCache } from './scan/aggregate-cache.ts'
export { ChunkBudget } from './scan/chunk-budget.ts'
export { unhidable } from './scan/hidden-fields.ts'
export { liveCost } from './scan/plan.ts'
export { type Progress, QueryProgress } from './scan/query-progress.ts'
export { keyBytesFor } from './scan/row-keys.ts'
export { RowMatcher } from './scan/row-matcher.ts'
export { openScanRunner, type ScanRunnerOptions } from './scan/scan-runner.ts'
export type { ScanThreads } from './scan/threaded-searcher.ts'
export { type FoundValues, findValues, type ValuesOptions } from './scan/value-answers.ts'
export type { ValueHits } from './scan/value-counter.ts'
export type { ValuesWanted } from './scan/values-wanted.ts'
export { isLive, isRowByRow, queryLimit } from './shape.ts'
export { inTimeSteps, statsNumbers } from './stats-query.ts'
export { sequenceLength } from './values/text.ts'
export { stepSeconds } from './values/time-steps.ts'
