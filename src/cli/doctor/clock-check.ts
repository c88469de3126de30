/** The clock: of this machine, of the disk's machine where that is another one, and whether something keeps it right. */
import { type Check, type Finding, ok, type Patient, problem, warning } from './check.ts'
import { nearestDirectory } from './directory-check.ts'

const YEAR_MIN = 2025
const YEAR_MAX = 2100
const SKEW_MS_MAX = 2000

const SET_CLOCK = 'Set the clock, and let NTP keep it right (systemd-timesyncd or chrony).'

export const clockCheck: Check = {
  name: 'clock',
  async look(patient) {
    const findings = [wallClock(patient), await fileClock(patient), await ntp(patient)]
    return findings.filter((finding) => finding !== null)
  },
}

function wallClock({ io, machine, config }: Patient): Finding {
  const date = new Date(io.clock.wallMs())
  const year = date.getUTCFullYear()
  const zones = `the machine is in ${machine.timeZone}, lines without a zone are read as ${config.record.timeZone}`
  const seen = `${date.toISOString()}; ${zones}`
  return year >= YEAR_MIN && year < YEAR_MAX ? ok(seen) : problem(seen, SET_CLOCK)
}

/** Null where nothing can be written: other checks say that. */
async function fileClock({ dataDir, machine }: Patient): Promise<Finding | null> {
  const directory = await nearestDirectory(machine, dataDir)
  const probe = await machine.probeDisk(directory, 1).catch(() => null)
  if (probe === null) return null
  const skewMs = Math.round(probe.fileMs - probe.wallMs)
  if (Math.abs(skewMs) <= SKEW_MS_MAX) return ok('new files have the time of this clock')
  const seen = `new files are ${Math.abs(skewMs)} ms ${skewMs > 0 ? 'ahead of' : 'behind'} this clock`
  return warning(seen, 'The machine that holds the disk has another time: let NTP keep both clocks right.')
}

async function ntp({ machine }: Patient): Promise<Finding> {
  const isSynchronised = await machine.isClockSynchronised()
  if (isSynchronised === null) return ok('whether NTP keeps it right is not known here')
  return isSynchronised ? ok('kept right by NTP') : warning('not kept right by NTP', SET_CLOCK)
}
