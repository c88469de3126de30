/**
 * What the figures of storage are divided by: CPU time and bytes of well-known programs on the same file, in the same
 * run. CPU time is the least of some rounds: everything above it is the noise of the machine.
 */
import { spawnSync } from 'node:child_process'

export interface CommandRun {
  /** User and system time of the program and its children. */
  readonly cpuSeconds: number
  readonly output: string
}

const ROUNDS = 5
/** `rg -c` needed 0.20 s where `LC_ALL=C grep -c` needed 0.62 s (reference/victorialogs.md §1.9). */
const RIPGREP_TO_GREP = 0.2 / 0.62

/** Runs a program in the C locale; its output goes through a pipe, because grep reads less where it goes to /dev/null. */
export function runTimed(words: readonly string[]): CommandRun {
  const ran = spawnSync('bash', ['-c', `TIMEFORMAT='%U %S'; time "$@"`, 'bash', ...words], {
    env: { ...process.env, LC_ALL: 'C' },
    maxBuffer: 1 << 20,
  })
  const stderr = ran.stderr.toString().trim()
  const [user, system] = stderr.split(/\s+/).slice(-2).map(Number)
  // grep ends with 1 where it found nothing.
  if ((ran.status ?? 2) > 1 || !Number.isFinite(user + system)) {
    throw new Error(`${words[0]} failed: ${stderr}`)
  }
  return { cpuSeconds: user + system, output: ran.stdout.toString().trim() }
}

/** Runs of this process, by their words: a yardstick is measured once. */
const known = new Map<string, CommandRun>()

function leastOf(rounds: number, words: readonly string[]): CommandRun {
  const key = words.join('\0')
  const run = known.get(key)
  if (run !== undefined) return run
  const runs = Array.from({ length: rounds }, () => runTimed(words))
  const least = runs.reduce((a, b) => (b.cpuSeconds < a.cpuSeconds ? b : a))
  known.set(key, least)
  return least
}

export interface Counted {
  readonly cpuSeconds: number
  /** Lines of the file that match. */
  readonly count: number
}

export function grepCount(text: string, path: string): Counted {
  const { cpuSeconds, output } = leastOf(ROUNDS, ['grep', '-c', '-F', '-e', text, path])
  return { cpuSeconds, count: Number(output) }
}

/** `name` says which program was measured, or how its time was guessed. */
export function ripgrepCount(text: string, path: string): Counted & { readonly name: string } {
  if (spawnSync('rg', ['--version']).status === 0) {
    const { cpuSeconds, output } = leastOf(ROUNDS, ['rg', '-c', '-F', '-e', text, path])
    return { cpuSeconds, count: Number(output), name: 'rg -c' }
  }
  const { cpuSeconds, count } = grepCount(text, path)
  const name = `rg -c, not installed: ${RIPGREP_TO_GREP.toFixed(2)} of grep -c`
  return { cpuSeconds: cpuSeconds * RIPGREP_TO_GREP, count, name }
}

/** CPU seconds of `zstd -1`. */
export function zstdSeconds(path: string): number {
  const script = 'zstd -1 -q -c "$0" > /dev/null'
  return leastOf(3, ['bash', '-c', script, path]).cpuSeconds
}

/** Bytes of the file after `zstd -3`. */
export function zstdBytes(path: string): number {
  return Number(leastOf(1, ['bash', '-c', 'zstd -3 -q -c "$0" | wc -c', path]).output)
}
