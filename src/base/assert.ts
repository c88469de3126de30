/** Thrown by `assert`: a bug of ours. Nobody catches it; the process ends and says BUG. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/** Crashes with "BUG: …" when `condition` does not hold. For our own mistakes only, never for input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(`BUG: ${message}`)
}
