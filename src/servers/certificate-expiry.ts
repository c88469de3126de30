/**
 * When to speak of a certificate that ends: 30, 14, 7, 3 and 1 days before, and when it has. Each step once a
 * certificate, also when its file was touched; after a long sleep only the last step that was passed.
 */
const DAY_MS = 86_400_000
const STEPS_DAYS = [0, 1, 3, 7, 14, 30]

export class ExpirySteps {
  #fingerprint = ''
  #told: number = Number.POSITIVE_INFINITY

  /** The step that is reached and was not told yet: days, 0 when the certificate has expired; else null. */
  next(fingerprint: string, expiresMs: number, nowMs: number): number | null {
    if (fingerprint !== this.#fingerprint) this.#told = Number.POSITIVE_INFINITY
    this.#fingerprint = fingerprint
    const step = STEPS_DAYS.find((days) => expiresMs - nowMs <= days * DAY_MS)
    if (step === undefined || step >= this.#told) return null
    this.#told = step
    return step
  }
}

/** Days that are left, rounded; negative when it has expired for some time. */
export function daysLeft(expiresMs: number, nowMs: number): number {
  return Math.round((expiresMs - nowMs) / DAY_MS)
}
