/** The data directory: there or can be made, writable, used by nobody else, on a file system that keeps its word. */
import { dirname } from 'node:path'
import { messageOf } from '../../base/base.ts'
import { type Check, type Finding, ok, type Patient, problem, warning } from './check.ts'
import type { Machine } from './machine.ts'

export const directoryCheck: Check = {
  name: 'data directory',
  async look(patient) {
    const { machine, dataDir } = patient
    const found = await machine.stat(dataDir).catch((error: unknown) => messageOf(error))
    if (typeof found === 'string') return [problem(`${dataDir}: ${found}`, MAKE_USABLE)]
    if (found === null) return [await notThereYet(patient)]
    if (!found.isDirectory) return [problem(`${dataDir} is not a directory`, CHOOSE_ANOTHER)]
    return [await usable(patient), await fileSystemOf(machine, dataDir)]
  },
}

const CHOOSE_ANOTHER = 'Choose another one with dataDir.'
const MAKE_USABLE = 'Give the user that runs LogCaster the rights to it, or choose another one with dataDir.'

async function notThereYet({ machine, dataDir }: Patient): Promise<Finding> {
  const parent = await nearestDirectory(machine, dataDir)
  if (await machine.isWritable(parent)) return ok(`${dataDir} is not there yet; the first start makes it`)
  return problem(`${dataDir} is not there, and this user may not make it in ${parent}`, MAKE_USABLE)
}

/** The directory itself, or the nearest one above it that exists: what is true there will be true of it. */
export async function nearestDirectory(machine: Machine, path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const found = await machine.stat(at).catch(() => null)
    if (found?.isDirectory === true || at === dirname(at)) return at
  }
}

async function usable({ machine, dataDir }: Patient): Promise<Finding> {
  if (!(await machine.isWritable(dataDir))) {
    return problem(`${dataDir}: this user may not write there`, MAKE_USABLE)
  }
  const user = await machine.userOfDirectory(dataDir)
  if (user === null) return ok(`${dataDir}: writable, used by nobody`)
  const process = user.pid === null ? 'a process' : `process ${user.pid}`
  return ok(`${dataDir}: writable, in use by ${process}; a second server would need its own`)
}

/** What some types of file systems mean for records; the others are as good as their disk. */
const DOUBTS: Readonly<Record<string, string>> = {
  tmpfs: 'is memory: every record is lost when the machine stops',
  ramfs: 'is memory: every record is lost when the machine stops',
  nfs: 'is on another machine: a sync takes long, and locks do not always hold',
  cifs: 'is on another machine: a sync takes long, and locks do not always hold',
  smb: 'is on another machine: a sync takes long, and locks do not always hold',
  '9p': 'is shared with another machine, which may not sync when it is asked to',
  fuse: 'is served by a program, which may not sync when it is asked to',
  overlay: 'is a layer of a container: it goes when the container goes',
}

async function fileSystemOf(machine: Machine, dataDir: string): Promise<Finding> {
  const { type } = await machine.fileSystem(dataDir)
  if (type === null) return ok('the type of its file system is not known here')
  const doubt = DOUBTS[type]
  if (doubt === undefined) return ok(`its file system is ${type}`)
  return warning(
    `its file system, ${type}, ${doubt}`,
    'Put dataDir on a local disk, in a container on a volume.',
  )
}
