/** Who else may read what only LogCaster should: the data directory and the private keys. */
import { PORT_NAMES } from '../../config/config.ts'
import { type Check, type Finding, ok, type Patient, problem, warning } from './check.ts'

const OTHERS = 0o007
const OTHERS_WRITE = 0o002
const GROUP = 0o070

export const permissionsCheck: Check = {
  name: 'permissions',
  async look(patient) {
    if (patient.machine.platform === 'win32') return [ok('not told by this system')]
    const findings = [await directory(patient), ...(await Promise.all(keyPaths(patient).map(key(patient))))]
    const known = findings.filter((finding) => finding !== null)
    return known.length === 0 ? [ok('there is nothing yet that others could read')] : known
  },
}

async function directory({ machine, dataDir }: Patient): Promise<Finding | null> {
  const found = await machine.stat(dataDir).catch(() => null)
  if (found === null) return null
  const seen = `${dataDir} has mode ${printMode(found.mode)}`
  const remedy = `chmod o= ${dataDir}`
  if ((found.mode & OTHERS_WRITE) !== 0) return problem(`${seen}: everybody may change it`, remedy)
  if ((found.mode & OTHERS) !== 0) return warning(`${seen}: everybody may look into it`, remedy)
  return ok(seen)
}

/** Files that private keys are read from; the same one may serve several ports. */
function keyPaths({ config }: Patient): string[] {
  const references = PORT_NAMES.flatMap((name) => config.ports[name].tls.key?.reference ?? [])
  const paths = references.flatMap((reference) => /^file:(.+)$/s.exec(reference)?.[1] ?? [])
  return [...new Set(paths)]
}

const key =
  ({ machine }: Patient) =>
  async (path: string): Promise<Finding | null> => {
    const found = await machine.stat(path).catch(() => null)
    if (found === null) return null
    const seen = `the key ${path} has mode ${printMode(found.mode)}`
    const remedy = `chmod 600 ${path}`
    if ((found.mode & OTHERS) !== 0) return problem(`${seen}: everybody may use it`, remedy)
    if ((found.mode & GROUP) !== 0) return warning(`${seen}: its group may use it`, remedy)
    return ok(seen)
  }

const printMode = (mode: number): string => mode.toString(8).padStart(4, '0')
