/** Expressions over batches of rows: one array of numbers an operator, one step after the other. */
import type { MathCall, MathExpression, MathOperation } from './expression.ts'
import { FUNCTIONS, type MathContext } from './functions.ts'
import { numberOf } from './math-parser.ts'
import { OPERATORS } from './operators.ts'

/** The values of an expression by row; the array belongs to whoever asked. */
export type Evaluation = (rows: MathRows) => Float64Array

/** What is known of the rows. */
export interface MathRows {
  readonly rowCount: number
  /** The numbers of a field, NaN where it is none. They are not to be changed. */
  numbersOf(field: string): Float64Array
}

export function bindExpression(expression: MathExpression, context: MathContext): Evaluation {
  switch (expression.kind) {
    case 'number': {
      const number = numberOf(expression.text) ?? Number.NaN
      return ({ rowCount }) => new Float64Array(rowCount).fill(number)
    }
    case 'field':
      return (rows) => rows.numbersOf(expression.field).slice()
    case 'negative':
      return bindNegative(bindExpression(expression.of, context))
    case 'operation':
      return bindOperation(expression, context)
    case 'call':
      return bindCall(expression, context)
  }
}

function bindNegative(of: Evaluation): Evaluation {
  return (rows) => {
    const values = of(rows)
    for (let row = 0; row < values.length; row++) values[row] = -values[row]
    return values
  }
}

function bindOperation({ operator, left, right }: MathOperation, context: MathContext): Evaluation {
  const { compute } = OPERATORS.get(operator)!
  const leftOf = bindExpression(left, context)
  const rightOf = bindExpression(right, context)
  return (rows) => {
    const values = leftOf(rows)
    const others = rightOf(rows)
    for (let row = 0; row < values.length; row++) values[row] = compute(values[row], others[row])
    return values
  }
}

function bindCall({ name, values }: MathCall, context: MathContext): Evaluation {
  const compute = FUNCTIONS.get(name)!.bind(context)
  const valuesOf = values.map((value) => bindExpression(value, context))
  const ofRow = new Float64Array(values.length)
  return (rows) => {
    const columns = valuesOf.map((each) => each(rows))
    const results = new Float64Array(rows.rowCount)
    for (let row = 0; row < results.length; row++) {
      for (let at = 0; at < columns.length; at++) ofRow[at] = columns[at][row]
      results[row] = compute(ofRow)
    }
    return results
  }
}
