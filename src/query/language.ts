/**
 * The door of LogsQL as a language: text to query and back, what is wrong with a text, its colours, and what may stand
 * at the cursor. Nothing here reads or writes, and a browser runs it as it stands:
 *
 *   import { completeQuery, diagnoseQuery, highlightQuery, parseQuery, printQuery } from 'logcaster/language'
 *   const problems = diagnoseQuery('error | stat', { nowMs: Date.now() })
 *   caretMessage('error | stat', problems[0]) // the line, a caret below, and: did you mean `stats`?
 *
 * Invariant: neither this file nor anything that it imports, however far, imports a `node:` module, and none of the
 * functions below needs a global of Node (checkPortable in test/import-rules.ts; test/language.test.ts).
 *
 * Not for running queries: that is query.ts, through which the server has all of this too.
 */
export { CodedError, isCodedError } from '../base/portable.ts'
export type { Filter, Pipe, Query, QueryOptions } from './ast.ts'
export { caretMessage } from './syntax/caret.ts'
export { type Candidate, type CandidateKind, type Completion, completeQuery } from './syntax/completion.ts'
export { type Highlight, type HighlightKind, highlightQuery } from './syntax/highlight.ts'
export { diagnoseQuery, type ParseOptions, parseQuery } from './syntax/parser.ts'
export { printQuery } from './syntax/printer.ts'
export { inert, quote } from './syntax/quoting.ts'
export { printLogsqlReference } from './syntax/reference.ts'
export { didYouMean } from './syntax/suggestion.ts'
export { VOCABULARY, type Vocabulary } from './syntax/vocabulary.ts'
