/** `logcaster verify`: whether every file of a store is as it was written, asked of a server or of a directory. */
import { join, resolve } from 'node:path'
import {
  CodedError,
  type DiskLock,
  isCodedError,
  messageOf,
  realDisk,
  systemErrorCode,
} from '../base/base.ts'
import { type VerifyReport, verifyDirectory } from '../storage/storage.ts'
import type { Command, CommandContext } from './command.ts'
import { EXIT_DONE, EXIT_FALSE, EXIT_INTERRUPTED } from './exit-codes.ts'
import { askHttp } from './http-ask.ts'
import { HTTP_CONNECTION_OPTIONS } from './http-sender-options.ts'
import { type JsonObject, numberOf, objectOf, objectsOf, textOf } from './json-shape.ts'
import { keepAlive } from './keep-alive.ts'
import { printNumber } from './progress.ts'
import { isJsonWanted } from './row-output.ts'
import { printSize } from './size.ts'
import { jsonSafe, terminalSafe } from './terminal.ts'

export const verifyCommand: Command = {
  name: 'verify',
  summary: 'read and check every file of what is stored',
  examples: [
    { line: 'logcaster verify', what: 'asks the server; exit code 1 when anything is damaged' },
    { line: 'logcaster verify --data-dir ./data', what: 'the same without a server' },
    { line: 'logcaster verify --json', what: 'for programs: file, reason and ids of what is damaged' },
  ],
  notes: [
    'Reads the manifest, segments, parts, deleted rows and keys: checksums of files and of their pieces, and whether ' +
      'every column can be decoded. Nothing is changed. The server goes on meanwhile, and also checks every part by ' +
      'itself, once in storage.scrubDays days.',
    'What is damaged is not merged any more; everything else of it is still served. Restore the file from a backup.',
  ],
  uses: ['output'],
  options: [
    {
      name: 'data-dir',
      short: 'd',
      kind: 'text',
      value: 'PATH',
      help: 'check this data directory, which no server may use meanwhile',
    },
    { name: 'store', kind: 'text', value: 'NAME', help: 'of the server, this store (default logs)' },
    ...HTTP_CONNECTION_OPTIONS,
  ],
  positionals: [],
  run: runVerify,
}

async function runVerify(context: CommandContext): Promise<number> {
  const dataDir = context.args.text('data-dir')
  const report = dataDir === undefined ? await askServer(context) : await verifyOffline(context, dataDir)
  const damaged = objectsOf(report['damaged'])
  await context.out.write(
    isJsonWanted(context.args) ? `${jsonSafe(JSON.stringify(report))}\n` : printReport(report, damaged),
  )
  if (context.interrupted.aborted) return EXIT_INTERRUPTED
  return damaged.length === 0 ? EXIT_DONE : EXIT_FALSE
}

async function askServer(context: CommandContext): Promise<JsonObject> {
  const store = context.args.text('store')
  const search = store === undefined ? '' : `?store=${encodeURIComponent(store)}`
  return objectOf(await askHttp(context, { method: 'POST', path: `storage/verify${search}` }))
}

function printReport(report: JsonObject, damaged: readonly JsonObject[]): string {
  const lines = damaged.map((each) => {
    const hasIds = typeof each['fromId'] === 'number' && typeof each['toId'] === 'number'
    const ids = hasIds ? ` (ids ${numberOf(each['fromId'])} to ${numberOf(each['toId'])})` : ''
    return `${terminalSafe(`damaged: ${textOf(each['file'])}: ${textOf(each['reason'])}${ids}`)}\n`
  })
  const counts =
    `${printNumber(numberOf(report['files']))} files, ${printSize(numberOf(report['bytes']))}, ` +
    `${printNumber(numberOf(report['records']))} records`
  return `${lines.join('')}${counts}: ${damaged.length === 0 ? 'all is well' : 'damage was found'}\n`
}

// ---- without a server ---------------------------------------------------------------------------------------

/** All stores of the directory, each file with the name of its store before it. DIRECTORY_LOCKED, DIRECTORY_UNUSABLE. */
async function verifyOffline({ io, args, interrupted }: CommandContext, path: string): Promise<JsonObject> {
  using _alive = keepAlive()
  const dataDir = resolve(io.cwd, path)
  const lock = await lockOf(dataDir)
  try {
    const named = args.text('store')
    const names = named === undefined ? await realDisk.list(join(dataDir, 'stores')) : [named]
    const sum = { files: 0, bytes: 0, records: 0, damaged: [] as object[] }
    for (const name of names) {
      const report = await verifyStore(io.clock, join(dataDir, 'stores', name), interrupted)
      sum.files += report.files
      sum.bytes += report.bytes
      sum.records += report.records
      sum.damaged.push(...report.damaged.map((each) => ({ ...each, file: `${name}/${each.file}` })))
    }
    return sum
  } catch (error) {
    if (isCodedError(error) || systemErrorCode(error) === undefined) throw error
    throw unusable(dataDir, error)
  } finally {
    await lock.release()
  }
}

async function verifyStore(
  clock: CommandContext['io']['clock'],
  directory: string,
  signal: AbortSignal,
): Promise<VerifyReport> {
  if ((await realDisk.stat(directory))?.isDirectory !== true)
    throw new CodedError('DIRECTORY_UNUSABLE', `${directory} is no store: there is no such directory.`)
  return verifyDirectory({ disk: realDisk, clock, directory }, { signal })
}

async function lockOf(dataDir: string): Promise<DiskLock> {
  if ((await realDisk.stat(join(dataDir, 'stores')))?.isDirectory !== true) {
    throw new CodedError('DIRECTORY_UNUSABLE', `${dataDir} is no data directory: it has no directory stores.`)
  }
  try {
    return await realDisk.lock(dataDir)
  } catch (error) {
    if (isCodedError(error)) throw error
    throw unusable(dataDir, error)
  }
}

function unusable(dataDir: string, cause: unknown): CodedError {
  return new CodedError('DIRECTORY_UNUSABLE', `${dataDir} cannot be read: ${messageOf(cause)}.`, { cause })
}
