/** What `logcaster doctor` does: the configuration first, then every check that it makes possible. */
import { resolve } from 'node:path'
import { isCodedError, messageOf, systemErrorCode } from '../../base/base.ts'
import { checkConfig } from '../../config/config.ts'
import type { CommandContext } from '../command.ts'
import { configInput } from '../config-options.ts'
import { EXIT_DONE, EXIT_FALSE } from '../exit-codes.ts'
import { isJsonWanted, painterOf } from '../row-output.ts'
import { type Check, type Finding, ok, type Patient, problem, warning } from './check.ts'
import { CHECKS } from './checks.ts'
import type { Machine } from './machine.ts'
import { type Diagnosis, hasProblem, printReport, reportJson } from './report.ts'

const CONFIGURATION = 'configuration'
const ASK_CONFIG = '`logcaster config check` explains it, `logcaster config reference` lists all options.'

export async function runDoctor(context: CommandContext, machine: Machine): Promise<number> {
  const diagnoses = await diagnose(context, machine)
  const { args, out } = context
  await out.write(
    isJsonWanted(args) ? `${reportJson(diagnoses)}\n` : printReport(diagnoses, painterOf(context)),
  )
  return hasProblem(diagnoses) ? EXIT_FALSE : EXIT_DONE
}

async function diagnose({ io, args, interrupted }: CommandContext, machine: Machine): Promise<Diagnosis[]> {
  const { loaded, problems, warnings } = checkConfig(await configInput(io, args))
  const findings = [
    ...problems.map(({ text }) => problem(text, ASK_CONFIG)),
    ...warnings.map(({ text }) => warning(text, ASK_CONFIG)),
  ]
  if (loaded === null) {
    const rest = warning('nothing else was looked at', 'Mend the configuration, then ask again.')
    return named(CONFIGURATION, [...findings, rest])
  }
  const { config } = loaded
  const all = named(CONFIGURATION, [ok(`valid, profile ${config.profile}`), ...findings])
  const patient: Patient = { config, dataDir: resolve(io.cwd, config.dataDir), machine, io }
  for (const check of CHECKS) {
    if (interrupted.aborted) break
    all.push(...named(check.name, await look(check, patient)))
  }
  return all
}

/** What a check did not expect of the system must not keep the others from being made. */
async function look(check: Check, patient: Patient): Promise<readonly Finding[]> {
  try {
    return await check.look(patient)
  } catch (error) {
    if (!isCodedError(error) && systemErrorCode(error) === undefined) throw error
    return [problem(`could not be looked at: ${messageOf(error)}`, 'The reason is what the system said.')]
  }
}

function named(check: string, findings: readonly Finding[]): Diagnosis[] {
  return findings.map((finding) => ({ check, ...finding }))
}
