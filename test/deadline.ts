/**
 * Waits that end. A test waits for a condition and never for a time; should the condition not come, it fails with a
 * sentence instead of hanging. The limits are far beyond what any of it takes.
 */

export const WAIT_MS_MAX = 60_000

/** The promise, or a failure that says what was awaited. `story` adds what is known by then. */
export async function within<T>(
  promise: Promise<T>,
  what: string,
  ms: number = WAIT_MS_MAX,
  story: () => string = () => '',
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const fail = (): void => reject(new Error(`waited ${ms} ms for ${what}${story()}`))
  const timer = setTimeout(fail, ms)
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Asks again and again until the answer is not null. */
export async function until<T>(
  ask: () => Promise<T | null> | T | null,
  what: string,
  ms: number = WAIT_MS_MAX,
): Promise<T> {
  const end = Date.now() + ms
  for (;;) {
    const answer = await ask()
    if (answer !== null) return answer
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS))
  }
}

const ASK_AGAIN_MS = 5
