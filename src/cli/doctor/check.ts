/**
 * What a check of the doctor is: a name, and a function from what is configured and what the machine says to findings.
 * A new check is one file and one line in checks.ts. A check changes nothing that stays, and never throws for
 * something that it found: that is a finding.
 */
import type { Config } from '../../config/config.ts'
import type { CliIo } from '../cli-io.ts'
import type { Machine } from './machine.ts'

export interface Check {
  /** One or two words, in lower case: what is looked at. */
  readonly name: string
  look(patient: Patient): Promise<readonly Finding[]>
}

export interface Patient {
  readonly config: Config
  /** `dataDir`, absolute. */
  readonly dataDir: string
  readonly machine: Machine
  readonly io: CliIo
}

export type Status = 'ok' | 'warning' | 'problem'

export interface Finding {
  readonly status: Status
  /** What was looked at, and what was seen. */
  readonly seen: string
  /** How to mend it; null when there is nothing to mend. */
  readonly remedy: string | null
}

export const ok = (seen: string): Finding => ({ status: 'ok', seen, remedy: null })
export const warning = (seen: string, remedy: string): Finding => ({ status: 'warning', seen, remedy })
export const problem = (seen: string, remedy: string): Finding => ({ status: 'problem', seen, remedy })
