/**
 * All that the query language says of some texts, as plain text: to compare what it says in Node with what it says where
 * there is none. Served to browsers as it stands, so it imports types only.
 */
import type * as QueryLanguage from '../src/query/language.ts'

export type Language = typeof QueryLanguage

export interface LanguageQuestion {
  readonly text: string
  /** Where completion is asked for, in code units. */
  readonly cursors: readonly number[]
  readonly nowMs: number
}

/** One answer for each question, in their order. */
export function languageAnswers(language: Language, questions: readonly LanguageQuestion[]): string[] {
  return questions.map((question) => JSON.stringify(answerOf(language, question)))
}

function answerOf(language: Language, { text, cursors, nowMs }: LanguageQuestion): unknown {
  return {
    printed: attempt(language, () => printedOf(language, text, nowMs)),
    problems: language.diagnoseQuery(text, { nowMs }).map((problem) => problemOf(language, text, problem)),
    colours: language.highlightQuery(text),
    candidates: cursors.map((cursor) => language.completeQuery(text, cursor)),
  }
}

/** Printed, and read and printed again. */
function printedOf(language: Language, text: string, nowMs: number): string[] {
  const printed = language.printQuery(language.parseQuery(text, { nowMs }))
  return [printed, language.printQuery(language.parseQuery(printed, { nowMs }))]
}

/** What is no error of the language's is not its answer, and is thrown on. */
function attempt(language: Language, ask: () => unknown): unknown {
  try {
    return ask()
  } catch (error) {
    if (!language.isCodedError(error)) throw error
    return { code: error.code, message: error.message, details: error.details }
  }
}

function problemOf(language: Language, text: string, problem: QueryLanguage.CodedError): unknown {
  return { code: problem.code, caret: language.caretMessage(text, problem), details: problem.details }
}
