/**
 * Timers of a Clock do not keep the process alive, so that a program that holds a hub can end. A command that may wait
 * for nothing but such a timer holds one of these.
 */
export function keepAlive(): Disposable {
  const timer = setInterval(() => {}, 60_000)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
