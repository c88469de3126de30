/** What the doctor looks at, in the order of its report. A new check is one file and one line here. */
import { certificatesCheck } from './certificates-check.ts'
import type { Check } from './check.ts'
import { clockCheck } from './clock-check.ts'
import { directoryCheck } from './directory-check.ts'
import { memoryCheck } from './memory-check.ts'
import { openFilesCheck } from './open-files-check.ts'
import { permissionsCheck } from './permissions-check.ts'
import { portsCheck } from './ports-check.ts'
import { spaceCheck } from './space-check.ts'
import { syncCheck } from './sync-check.ts'

export const CHECKS: readonly Check[] = [
  portsCheck,
  directoryCheck,
  permissionsCheck,
  spaceCheck,
  syncCheck,
  clockCheck,
  openFilesCheck,
  memoryCheck,
  certificatesCheck,
]
