/** What every benchmark prints first: the machine and the runtime, and yardsticks measured in the same run. */
import { spawnSync } from 'node:child_process'
import { open, rm } from 'node:fs/promises'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { join } from 'node:path'

export function printMachine(title: string): void {
  console.log(title)
  console.log(`  ${describeMachine()}`)
}

export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown'
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  return `${model}, ${availableParallelism()} processors, ${memory}, Node ${process.version}`
}

export function printFigure(name: string, value: string): void {
  console.log(`  ${name.padEnd(44)} ${value}`)
}

export const quantile = (sorted: ArrayLike<number>, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]

/** Milliseconds of `rounds` appends of `byteCount` bytes, each with an fdatasync, ascending. */
export async function measureSync(
  directory: string,
  byteCount: number,
  rounds: number,
): Promise<Float64Array> {
  const path = join(directory, 'yardstick')
  const file = await open(path, 'w')
  const bytes = Buffer.alloc(byteCount, 120)
  const times = new Float64Array(rounds)
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    await file.write(bytes, 0, byteCount, round * byteCount)
    await file.datasync()
    times[round] = performance.now() - start
  }
  await file.close()
  await rm(path)
  return times.sort()
}

/** Seconds of CPU that `zstd -1` needs for the bytes, or null where there is no zstd. */
export function measureZstd(bytes: Uint8Array): number | null {
  const script = 'zstd -1 -q -c > /dev/null'
  const timed = spawnSync('bash', ['-c', `TIMEFORMAT='%U %S'; time ${script}; true`], {
    input: bytes,
  })
  const [user, system] = timed.stderr.toString().trim().split(/\s+/).slice(-2).map(Number)
  return timed.status === 0 && Number.isFinite(user + system) ? user + system : null
}
