/** The door of query/: LogsQL from text to rows. */
export { AggregateCache } from './aggregate-cache.ts'
export type { Filter, Pipe, Query, QueryOptions } from './ast.ts'
export { caretMessage } from './caret.ts'
export { ChunkBudget } from './chunk-budget.ts'
export { type Candidate, type Completion, completeQuery } from './completion.ts'
export { type Explained, explainQuery } from './explain.ts'
export { type Highlight, type HighlightKind, highlightQuery } from './highlight.ts'
export { LiveBlock } from './live-block.ts'
export { type LiveRow, liveRows, matchBlock, type RowVisitor, visitRows } from './match.ts'
export { diagnoseQuery, type ParseOptions, parseQuery } from './parser.ts'
export type { QueryScope } from './piped.ts'
export { hasSubquery } from './piped.ts'
export { liveCost } from './plan.ts'
export { printQuery } from './printer.ts'
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
export { type Progress, QueryProgress } from './query-progress.ts'
export { inert, quote } from './quoting.ts'
export { printLogsqlReference } from './reference.ts'
export type { RecordRow, Row, RowField, ValuesRow } from './row.ts'
export { rowFields, rowJson, rowText, rowTextJson } from './row-fields.ts'
export { keyBytesFor, type SortedKeys } from './row-keys.ts'
export { RowMatcher } from './row-matcher.ts'
export {
  countRows,
  countRowsOfParts,
  type RunOptions,
  type Selection,
  type SelectOptions,
  selectRows,
  selectRowsOfParts,
} from './run.ts'
export { openScanRunner, type ScanRunnerOptions } from './scan-runner.ts'
export { type BlockSource, countIn, type FoundRows, keysIn, rowsIn } from './search.ts'
export { partOf, type SearchPart } from './search-parts.ts'
export { isLive, isOfRecords, isRowByRow, queryLimit } from './shape.ts'
export { inTimeSteps, statsNumbers } from './stats-query.ts'
export { didYouMean } from './suggestion.ts'
export type { ScanThreads } from './threaded-part.ts'
export { type FoundValues, findValues, type ValuesOptions } from './value-answers.ts'
export type { ValueHits } from './value-counter.ts'
export type { ValuesWanted } from './values-wanted.ts'
export { VOCABULARY, type Vocabulary } from './vocabulary.ts'
