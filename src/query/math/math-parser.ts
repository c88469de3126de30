/**
 * The text of an expression to the expression and back. A name is a field unless it is a number; what begins with a
 * digit and is no number has to be quoted to be a field.
 */
import { CodedError } from '../../base/portable.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import { parseNumber } from '../syntax/number-literal.ts'
import { quote, shown } from '../syntax/quoting.ts'
import { didYouMean } from '../syntax/suggestion.ts'
import { isSymbol, spanOf, type TokenReader } from '../syntax/token-reader.ts'
import type { MathCall, MathExpression } from './expression.ts'
import { FUNCTIONS, type MathFunction } from './functions.ts'
import { OPERATORS, TIGHTNESS_MAX } from './operators.ts'

/** Operators, functions, fields, numbers and signs of one expression: what bounds its depth as well. */
export const EXPRESSION_PARTS_MAX = 1000

export function parseExpression(parser: FilterParser): MathExpression {
  return new ExpressionParser(parser).parse(1)
}

/** What words of operators mean before a value, nobody can tell. */
const WORDS = new Set(['as', ...[...OPERATORS.keys()].filter((name) => /^\w/.test(name))])
const DIGIT_FIRST = /^\.?\d/
const EXPONENT_START = /^[\d._]+[eE]$/
const EXPONENT_END = /^\d+$/
/** A name ends before these. */
const ENDS_OF_NAMES = '+-*/%^&(),|=!<>[]{}'

class ExpressionParser {
  readonly #parser: FilterParser
  readonly #reader: TokenReader
  #parts = 0

  constructor(parser: FilterParser) {
    this.#parser = parser
    this.#reader = parser.reader
  }

  /** Operators that bind at least so tightly, and what stands between them. */
  parse(tightnessMin: number): MathExpression {
    let left = this.#operand()
    for (;;) {
      const { kind, text } = this.#reader.token
      const name = kind === 'quoted' ? '' : text.toLowerCase()
      const operator = OPERATORS.get(name)
      if (operator === undefined || operator.tightness < tightnessMin) return left
      this.#countPart()
      this.#reader.next()
      left = { kind: 'operation', operator: name, left, right: this.parse(operator.tightness + 1) }
    }
  }

  #operand(): MathExpression {
    this.#countPart()
    const reader = this.#reader
    if (reader.takeSymbol('+')) return this.#operand()
    if (reader.takeSymbol('-')) return { kind: 'negative', of: this.#operand() }
    if (reader.isSymbol('(')) return this.#group()
    return this.#name()
  }

  #group(): MathExpression {
    const opening = spanOf(this.#reader.next())
    const inner = this.parse(1)
    if (this.#reader.takeSymbol(')')) return inner
    if (this.#reader.token.kind === 'end') {
      throw this.#reader.problem('this `(` has no closing `)`', opening)
    }
    throw this.#reader.expected('an operator like `+` or a closing `)`')
  }

  #name(): MathExpression {
    const reader = this.#reader
    const { token, following } = reader
    const isWord = token.kind === 'word'
    if (isWord && isSymbol(following, '(') && !following.isSpaced) return this.#call()
    if (isWord && isSymbol(following, '(') && FUNCTIONS.has(token.text.toLowerCase())) return this.#call()
    const isEnd = token.kind === 'end' || this.#endsName()
    if (isEnd || (isWord && WORDS.has(token.text.toLowerCase()))) {
      throw reader.expected('a number, the name of a field, or `(`')
    }
    return this.#numberOrField()
  }

  #numberOrField(): MathExpression {
    const reader = this.#reader
    const first = reader.next()
    const end = this.#nameEnd(first.end)
    const isQuoted = first.kind === 'quoted' && end === first.end
    const text = isQuoted ? first.text : reader.source.slice(first.start, end)
    if (numberOf(text) !== null) return { kind: 'number', text }
    if (!isQuoted && DIGIT_FIRST.test(text)) {
      const span = { offset: first.start, length: end - first.start }
      const problem = `${shown(text)} is no number; the name of a field that begins with a digit stands in quotes`
      throw reader.problem(problem, span)
    }
    return { kind: 'field', field: this.#parser.fieldOr(text) }
  }

  /** Where the name ends that has begun: tokens without a space between them, as far as no operator stands there. */
  #nameEnd(firstEnd: number): number {
    const reader = this.#reader
    let end = firstEnd
    while (!reader.token.isSpaced && reader.token.kind !== 'end') {
      if (this.#endsName() && !this.#isExponent()) break
      end = reader.next().end
    }
    return end
  }

  /** The sign in `1e-9`. */
  #isExponent(): boolean {
    const { previous, token, following } = this.#reader
    if (previous?.kind !== 'word' || !EXPONENT_START.test(previous.text)) return false
    if (!isSymbol(token, '-') && !isSymbol(token, '+')) return false
    return !following.isSpaced && following.kind === 'word' && EXPONENT_END.test(following.text)
  }

  #endsName(): boolean {
    const { kind, text } = this.#reader.token
    return kind === 'symbol' && ENDS_OF_NAMES.includes(text)
  }

  #call(): MathCall {
    const reader = this.#reader
    const { text } = reader.token
    const name = text.toLowerCase()
    const found = FUNCTIONS.get(name)
    if (found === undefined) {
      throw reader.problem(`\`math\` has no function ${shown(text)}${didYouMean(name, FUNCTIONS.keys())}`)
    }
    const span = spanOf(reader.next())
    const values = this.#values(name)
    if (values.length < found.valuesMin || values.length > found.valuesMax) {
      throw reader.problem(`\`${name}(…)\` takes ${countText(found)}`, span)
    }
    return { kind: 'call', name, values }
  }

  #values(name: string): MathExpression[] {
    const reader = this.#reader
    reader.expectSymbol('(', `after \`${name}\``)
    const values: MathExpression[] = []
    while (!reader.takeSymbol(')')) {
      values.push(this.parse(1))
      if (reader.takeSymbol(',')) continue
      reader.expectSymbol(')', `or \`,\` in \`${name}(…)\``)
      break
    }
    return values
  }

  #countPart(): void {
    this.#parts++
    if (this.#parts <= EXPRESSION_PARTS_MAX) return
    const { offset, length } = spanOf(this.#reader.token)
    throw new CodedError('QUERY_TOO_LARGE', `the expression has more than ${EXPRESSION_PARTS_MAX} parts`, {
      details: { offset, length },
    })
  }
}

function countText({ valuesMin, valuesMax }: MathFunction): string {
  if (valuesMax === 0) return 'no value'
  if (valuesMax === 1) return 'one value'
  return valuesMax === Infinity ? `${valuesMin} or more values` : `${valuesMin} or ${valuesMax} values`
}

/** NaN where the text says so itself; null for no number. */
export function numberOf(text: string): number | null {
  return text.toLowerCase() === 'nan' ? Number.NaN : parseNumber(text)
}

// ---- printing -------------------------------------------------------------------------------------------------

/** How a name or a number is spelled: in quotes where it has to be. */
export type PrintPhrase = (text: string) => string

/** With as few parentheses as read back the same. */
export function printExpression(expression: MathExpression, phrase: PrintPhrase): string {
  switch (expression.kind) {
    case 'number':
      return phrase(expression.text)
    case 'field':
      return printName(expression.field, phrase)
    case 'negative':
      return `-${printWithin(expression.of, TIGHTNESS_MAX, phrase)}`
    case 'call':
      return `${expression.name}(${expression.values.map((value) => printExpression(value, phrase)).join(', ')})`
    case 'operation': {
      const { operator, left, right } = expression
      const tightness = tightnessOf(expression)
      return `${printWithin(left, tightness, phrase)} ${operator} ${printWithin(right, tightness + 1, phrase)}`
    }
  }
}

const BARE = /^[\p{L}\p{Nd}_.]+$/u

/** How a result is called that has no name: as the query would spell it, with quotes only where they part names. */
export function nameOfExpression(expression: MathExpression): string {
  return printExpression(expression, (text) => (BARE.test(text) ? text : quote(text)))
}

function printName(name: string, phrase: PrintPhrase): string {
  return WORDS.has(name.toLowerCase()) || DIGIT_FIRST.test(name) ? quote(name) : phrase(name)
}

function printWithin(expression: MathExpression, tightnessMin: number, phrase: PrintPhrase): string {
  const text = printExpression(expression, phrase)
  return tightnessOf(expression) < tightnessMin ? `(${text})` : text
}

function tightnessOf(expression: MathExpression): number {
  return expression.kind === 'operation' ? OPERATORS.get(expression.operator)!.tightness : TIGHTNESS_MAX
}
