/** The door of query/: LogsQL from text to rows. */

export type { Filter, Pipe, Query, QueryOptions } from './ast.ts'
export { type Explained, explainQuery } from './explain.ts'
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
export {
  countRows,
  countRowsOfParts,
  type RunOptions,
  type Selection,
  type SelectOptions,
  selectRows,
  selectRowsOfParts,
} from './run.ts'
export { AggregateCache } from './scan/aggregate-cache.ts'
export { ChunkBudget } from './scan/chunk-budget.ts'
export { liveCost } from './scan/plan.ts'
export { type Progress, QueryProgress } from './scan/query-progress.ts'
export { keyBytesFor, type SortedKeys } from './scan/row-keys.ts'
export { RowMatcher } from './scan/row-matcher.ts'
export { openScanRunner, type ScanRunnerOptions } from './scan/scan-runner.ts'
export { type BlockSource, countIn, type FoundRows, keysIn, rowsIn } from './scan/search.ts'
export { partOf, type SearchPart } from './scan/search-parts.ts'
export type { ScanThreads } from './scan/threaded-part.ts'
export { type FoundValues, findValues, type ValuesOptions } from './scan/value-answers.ts'
export type { ValueHits } from './scan/value-counter.ts'
export type { ValuesWanted } from './scan/values-wanted.ts'
export { isLive, isOfRecords, isRowByRow, queryLimit } from './shape.ts'
export { inTimeSteps, statsNumbers } from './stats-query.ts'
export { caretMessage } from './syntax/caret.ts'
export { type Candidate, type Completion, completeQuery } from './syntax/completion.ts'
export { type Highlight, type HighlightKind, highlightQuery } from './syntax/highlight.ts'
export { diagnoseQuery, type ParseOptions, parseQuery } from './syntax/parser.ts'
export { printQuery } from './syntax/printer.ts'
export { inert, quote } from './syntax/quoting.ts'
export { printLogsqlReference } from './syntax/reference.ts'
export { didYouMean } from './syntax/suggestion.ts'
export { VOCABULARY, type Vocabulary } from './syntax/vocabulary.ts'
