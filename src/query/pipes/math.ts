/**
 * `math expression as field, …`: numbers made of numbers. A later expression may use the result of one before it. What
 * is no number is NaN, and so is what is made of it, unless `default` or `max` and `min` leave it out.
 */
import type { Pipe } from '../ast.ts'
import { isWanted, withFields, withoutFields } from '../batches/fields-wanted.ts'
import { NumberColumn, numbersOrMomentsOf } from '../batches/number-column.ts'
import type { FilterPrinter } from '../filters/kind.ts'
import { bindExpression } from '../math/evaluation.ts'
import { fieldsOfExpression, type MathExpression } from '../math/expression.ts'
import { nameOfExpression, parseExpression, printExpression } from '../math/math-parser.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import type { PipeKind } from './kind.ts'
import { parseAs, parseCommas } from './parts.ts'

export interface MathPipe extends Pipe {
  readonly kind: 'math'
  readonly steps: readonly MathStep[]
}

export interface MathStep {
  readonly expression: MathExpression
  readonly result: string
}

export const mathPipe: PipeKind<MathPipe> = {
  kind: 'math',
  names: ['math', 'eval'],
  summary: 'numbers made of numbers: `+ - * / % ^ & xor or default` and functions',
  examples: [
    'error | math took / 1000 as seconds | fields seconds',
    'error | math round(took / 1s, 0.1) as seconds, seconds default 0 as seconds | fields seconds',
    'error | eval max(a, b) - min(a, b) as spread | fields spread',
  ],
  isRepeatable: false,
  isLive: true,
  keepsRows: true,
  parse: (parser) => ({ kind: 'math', steps: parseCommas(parser, () => parseStep(parser)) }),
  print: ({ steps }, printer) => `math ${steps.map((step) => printStep(step, printer)).join(', ')}`,
  wants: ({ steps }, after) =>
    steps.reduceRight(
      (wanted, { expression, result }) =>
        isWanted(wanted, result)
          ? withFields(withoutFields(wanted, [result]), fieldsOfExpression(expression))
          : wanted,
      after,
    ),
  leaves: ({ steps }, entering) =>
    entering === null ? null : [...new Set([...entering, ...steps.map(({ result }) => result)])],
  bindBatch({ steps }, { settings: { nowMs }, random }) {
    const bound = steps.map(({ expression, result }) => ({
      evaluate: bindExpression(expression, { nowMs, random }),
      result,
    }))
    return (batch) =>
      bound.reduce((before, { evaluate, result }) => {
        const rows = {
          rowCount: before.rowCount,
          numbersOf: (field: string) => numbersOrMomentsOf(before, field),
        }
        return before.with(result, new NumberColumn(withoutMinusZero(evaluate(rows))))
      }, batch)
  },
}

/** `-0` is no number that people know. */
function withoutMinusZero(numbers: Float64Array): Float64Array {
  for (let row = 0; row < numbers.length; row++) numbers[row] += 0
  return numbers
}

/** Without a name, the result is called as the expression is written. */
function parseStep(parser: FilterParser): MathStep {
  const { reader } = parser
  const expression = parseExpression(parser)
  const hasName = !reader.isAtEndOfPart() && !reader.isSymbol(',')
  return { expression, result: hasName ? parseAs(parser) : nameOfExpression(expression) }
}

function printStep({ expression, result }: MathStep, printer: FilterPrinter): string {
  return `${printExpression(expression, printer.phrase)} as ${printer.phrase(result)}`
}
