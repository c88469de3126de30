/**
 * How much of what it could do a test does. `npm test` runs the short form of a test that tries something at every call,
 * byte or seed: the first, the last and a sample of the others, which is the same each time. `npm run soak -- --tests`
 * runs the long form, which leaves none out; so does LOGCASTER_LONG_TESTS=1 for one file.
 */
const isLongForm = process.env['LOGCASTER_LONG_TESTS'] === '1'

/** How many of something a test tries. */
export const shortOrLong = (short: number, long: number): number => (isLongForm ? long : short)

/**
 * The items that a test tries: all in the long form. In the short one the first, the last, and every `step`-th between;
 * where those begin moves with `turn`, so that `step` runs over equal lists have had every item.
 */
export function sampled<T>(items: readonly T[], step: number, turn = 0): readonly T[] {
  if (isLongForm) return items
  return items.filter((_, at) => at === 0 || at === items.length - 1 || (at + turn) % step === 0)
}

/** All of them in the long form; in the short one that which has its turn. */
export const inTurn = <T>(items: readonly T[], turn: number): readonly T[] =>
  isLongForm ? items : [items[turn % items.length]]

/**
 * Tries 1, 2, 3, … until `isOver` says that there is no n-th; answers how many there were. The short form leaves numbers
 * out as `sampled` does, and has the last one too.
 */
export async function countUp(
  isOver: (n: number) => Promise<boolean>,
  { step, turn = 0, most = 2000 }: { readonly step: number; readonly turn?: number; readonly most?: number },
): Promise<number> {
  const isSampled = (n: number): boolean => isLongForm || n === 1 || (n + turn) % step === 0
  for (let n = 1; n <= most; n++) {
    if (!isSampled(n) || !(await isOver(n))) continue
    // The end lies between the last number that was tried and this one.
    let last = n - 1
    while (last > 0 && !isSampled(last) && (await isOver(last))) last--
    return last
  }
  throw new Error(`after ${most} tries there is no end`)
}
