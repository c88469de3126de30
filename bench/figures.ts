/**
 * Figures with a goal and a must, and how they are printed: a table in Markdown with a verdict for each.
 *
 * A figure that could not be measured keeps its line and says why; an answer that was wrong makes its figure WRONG,
 * however fast it came.
 */

export interface Aim {
  readonly name: string
  readonly goal: number | null
  readonly must: number | null
  /** `more`: greater values are better. */
  readonly better: 'less' | 'more'
  /** Prints a value with its unit. */
  print(value: number): string
}

export interface Measured {
  /** Null: not measured, `note` says why. */
  readonly value: number | null
  /** What stands behind the value: the two sides of a ratio. */
  readonly note: string
  /** What was wrong with the answer, in words. */
  readonly wrong?: string
}

export interface Figure extends Measured {
  readonly aim: Aim
}

/** A value without a unit, as ratios are. */
export function ratio(name: string, goal: number | null, must: number | null): Aim {
  return { name, goal, must, better: 'less', print: (value) => value.toFixed(value < 0.1 ? 4 : 2) }
}

export function verdictOf({ value, wrong, aim: { goal, must, better } }: Figure): string {
  if (wrong !== undefined) return 'WRONG'
  if (value === null) return 'not measured'
  const reaches = (bound: number): boolean => (better === 'less' ? value <= bound : value >= bound)
  if (goal !== null && reaches(goal)) return 'goal'
  if (must === null) return '-'
  return reaches(must) ? 'must' : 'MISSED'
}

export function printFigures(figures: readonly Figure[]): string {
  const bound = (aim: Aim, value: number | null): string => (value === null ? '-' : aim.print(value))
  return printTable(
    ['figure', 'measured', 'goal', 'must', 'verdict', 'behind it'],
    figures.map((figure) => [
      figure.aim.name,
      figure.value === null ? '-' : figure.aim.print(figure.value),
      bound(figure.aim, figure.aim.goal),
      bound(figure.aim, figure.aim.must),
      verdictOf(figure),
      figure.wrong === undefined ? figure.note : `${figure.wrong}; ${figure.note}`,
    ]),
  )
}

/** A table in Markdown; bars in cells are escaped. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |\n`
  return line(head) + line(head.map(() => '---')).replaceAll(' --- ', '---') + rows.map(line).join('')
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en')
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
