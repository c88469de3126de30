/** Waiting for a time, with an end: what loops that try again are made of. */
import type { Clock } from '../base/base.ts'

/** Resolves after `delayMs`, or as soon as `signal` aborts. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      cancel()
      signal.removeEventListener('abort', finish)
      resolve()
    }
    const cancel = clock.after(delayMs, finish)
    signal.addEventListener('abort', finish, { once: true })
    if (signal.aborted) finish()
  })
}

/** Aborts when one of the signals does or when the time is over; `cancel` ends the watching. */
export function deadline(
  clock: Clock,
  delayMs: number,
  ...signals: readonly AbortSignal[]
): { readonly signal: AbortSignal; readonly isOver: () => boolean; readonly cancel: () => void } {
  const controller = new AbortController()
  let isOver = false
  const abort = (): void => controller.abort()
  const cancelTimer = clock.after(delayMs, () => {
    isOver = true
    abort()
  })
  for (const signal of signals) {
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
  }
  const cancel = (): void => {
    cancelTimer()
    for (const signal of signals) signal.removeEventListener('abort', abort)
  }
  return { signal: controller.signal, isOver: () => isOver, cancel }
}
