/**
 * What pipe `math` computes: numbers, fields, operators and functions as plain data. How tightly an operator binds and
 * how many arguments a function takes, operators.ts and functions.ts declare.
 */
export type MathExpression = MathNumber | MathField | MathNegative | MathOperation | MathCall

/** As the query wrote it: `10`, `1.5KiB`, `10m5s`, `10.0.0.1`, `2025-07-18T10:20:30Z`. */
export interface MathNumber {
  readonly kind: 'number'
  readonly text: string
}

export interface MathField {
  readonly kind: 'field'
  readonly field: string
}

export interface MathNegative {
  readonly kind: 'negative'
  readonly of: MathExpression
}

export interface MathOperation {
  readonly kind: 'operation'
  /** A key of OPERATORS. */
  readonly operator: string
  readonly left: MathExpression
  readonly right: MathExpression
}

export interface MathCall {
  readonly kind: 'call'
  /** A key of FUNCTIONS. */
  readonly name: string
  readonly values: readonly MathExpression[]
}

/** Names of the fields that it looks at. */
export function fieldsOfExpression(expression: MathExpression): string[] {
  switch (expression.kind) {
    case 'number':
      return []
    case 'field':
      return [expression.field]
    case 'negative':
      return fieldsOfExpression(expression.of)
    case 'operation':
      return [...fieldsOfExpression(expression.left), ...fieldsOfExpression(expression.right)]
    case 'call':
      return expression.values.flatMap(fieldsOfExpression)
  }
}
