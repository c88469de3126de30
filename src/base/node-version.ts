/** Whether this Node.js is new enough. Part of the first thing that runs, so it uses nothing that is new itself. */
import { CodedError } from './errors.ts'

/** NODE_TOO_OLD when `present` (`20.1.0`) is below `needed` (`>=24.12.0`, as in package.json). */
export function checkNodeVersion(present: string, needed: string): void {
  const least = needed.replace('>=', '')
  if (!isOlder(present, least)) return
  throw new CodedError('NODE_TOO_OLD', `LogCaster needs Node.js ${least} or newer, and this is ${present}.`)
}

function isOlder(version: string, other: string): boolean {
  const left = version.split('.').map((part) => Number.parseInt(part, 10))
  const right = other.split('.').map((part) => Number.parseInt(part, 10))
  const different = left.findIndex((part, index) => part !== right[index])
  return different !== -1 && left[different] < right[different]
}
