/** Findings as text for people and as JSON for programs. */
import { count } from '../plural.ts'
import { jsonSafe, type Painter, type Style, terminalSafe } from '../terminal.ts'
import type { Finding, Status } from './check.ts'

export interface Diagnosis extends Finding {
  /** The name of the check. */
  readonly check: string
}

const STYLES: Readonly<Record<Status, Style>> = { ok: 'green', warning: 'yellow', problem: 'red' }
const STATUS_COLUMNS = 7
const CHECK_COLUMNS = 14
const REMEDY_INDENT = ' '.repeat(STATUS_COLUMNS + CHECK_COLUMNS + 4)

/**
 *   ok       ports           log, 127.0.0.1:9999: free
 *   warning  clock           not kept right by NTP
 *                            > Set the clock, …
 */
export function printReport(diagnoses: readonly Diagnosis[], paint: Painter): string {
  return [...diagnoses.map((diagnosis) => printDiagnosis(diagnosis, paint)), `${summary(diagnoses)}\n`].join(
    '',
  )
}

function printDiagnosis({ check, status, seen, remedy }: Diagnosis, paint: Painter): string {
  const head = `${paint(STYLES[status], status.padEnd(STATUS_COLUMNS))}  ${check.padEnd(CHECK_COLUMNS)}`
  const mend = remedy === null ? '' : `${REMEDY_INDENT}> ${terminalSafe(remedy)}\n`
  return `${head}  ${terminalSafe(seen)}\n${mend}`
}

function summary(diagnoses: readonly Diagnosis[]): string {
  const of = (status: Status): number => diagnoses.filter((diagnosis) => diagnosis.status === status).length
  const [problems, warnings] = [of('problem'), of('warning')]
  if (problems + warnings === 0) return 'All is well.'
  return `${count(problems, 'problem')}, ${count(warnings, 'warning')}, ${of('ok')} ok`
}

export function hasProblem(diagnoses: readonly Diagnosis[]): boolean {
  return diagnoses.some(({ status }) => status === 'problem')
}

/** `{"healthy": false, "findings": [{"check", "status", "seen", "remedy"}]}` */
export function reportJson(diagnoses: readonly Diagnosis[]): string {
  const findings = diagnoses.map(({ check, status, seen, remedy }) => ({ check, status, seen, remedy }))
  return jsonSafe(JSON.stringify({ healthy: !hasProblem(diagnoses), findings }))
}
