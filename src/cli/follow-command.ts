/** `logcaster send --follow`: goes on sending what is written to files, over HTTP, where each chunk can have a key. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CodedError, isCodedError, realDisk } from '../base/base.ts'
import type { CommandContext } from './command.ts'
import { EXIT_DONE, EXIT_INTERRUPTED } from './exit-codes.ts'
import { FileFollower } from './file-follower.ts'
import { FollowSession, type FollowSessionOptions, FollowTotals } from './follow-session.ts'
import { FollowState } from './follow-state.ts'
import { HttpSender, type HttpTarget } from './http-sender.ts'
import { retryNotes } from './http-sender-notes.ts'
import { httpTargetOf } from './http-sender-options.ts'
import { keepAlive } from './keep-alive.ts'
import { count } from './plural.ts'
import { isJsonWanted } from './row-output.ts'
import { stateDirectory } from './state-file.ts'

const REFUSED_TOLD_MAX = 10

export async function runFollow(context: CommandContext): Promise<number> {
  using _alive = keepAlive()
  const { io, interrupted } = context
  const target = await httpTargetOf(context)
  const names = namesOf(context)
  const ended = new AbortController()
  const stop = AbortSignal.any([interrupted, ended.signal])
  const release = io.onSignal('SIGTERM', () => ended.abort())
  const shared = { sender: openSender(context, target, stop), totals: new FollowTotals(), stop }
  try {
    const files = await openFiles(context, target, names)
    const sessions = files.map((file) => new FollowSession({ ...file, ...shared, clock: io.clock }))
    await allOf(sessions.map((session) => session.run().finally(() => ended.abort())))
  } finally {
    release()
    shared.sender.close()
    await report(context, shared.totals)
  }
  return interrupted.aborted ? EXIT_INTERRUPTED : EXIT_DONE
}

/** Waits for all of them, then throws what ended the first one; being told to stop is no failure. */
async function allOf(running: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(running)) {
    if (result.status === 'rejected' && !isCodedError(result.reason, 'QUERY_CANCELLED')) throw result.reason
  }
}

function namesOf({ args }: CommandContext): readonly string[] {
  const names = [...new Set(args.positionals)]
  if (names.length === 0 || names.includes('-')) {
    throw new CodedError('USAGE', '--follow needs files: stdin is followed without it, logcaster send')
  }
  if (args.text('level') !== undefined) {
    throw new CodedError('USAGE', '--level is not for --follow: the server finds the level in each line')
  }
  return names
}

function openSender(
  { io, messages, abandoned }: CommandContext,
  target: HttpTarget,
  stop: AbortSignal,
): HttpSender {
  return new HttpSender({
    target,
    clock: io.clock,
    random: io.random,
    stop,
    abandon: abandoned,
    onRetry: retryNotes(io.clock, (text) => messages.problem(text)),
  })
}

type FollowedPath = Pick<FollowSessionOptions, 'follower' | 'state' | 'onRefused'>

async function openFiles(
  context: CommandContext,
  target: HttpTarget,
  names: readonly string[],
): Promise<FollowedPath[]> {
  const { io, messages } = context
  const states = new Map<string, FollowState>()
  const files: FollowedPath[] = []
  for (const name of names) {
    const path = resolve(io.cwd, name)
    const statePath = statePathOf(context, target, path)
    const state = states.get(statePath) ?? (await FollowState.open(realDisk, statePath))
    states.set(statePath, state)
    const onProblem = (text: string): void => messages.problem(text)
    const options = { path, name, clock: io.clock, random: io.random, onProblem }
    const follower = await FileFollower.open(options, state.placesOf(path))
    messages.note(existsSync(path) ? `following ${name}` : `waiting for ${name}: there is no such file yet`)
    files.push({ follower, state, onRefused: refusalTeller(context, name) })
  }
  return files
}

/** Tells the first refused lines of a file; a broken program may write millions. */
function refusalTeller({ messages }: CommandContext, name: string): (text: string) => void {
  let told = 0
  return (text) => {
    if (++told <= REFUSED_TOLD_MAX) messages.problem(`refused: ${text}`)
    if (told === REFUSED_TOLD_MAX) messages.problem(`refused: further lines of ${name} are only counted`)
  }
}

/** A file for each path and server: two programs that follow different files do not share one. */
function statePathOf({ args, io }: CommandContext, { url }: HttpTarget, path: string): string {
  const given = args.text('state')
  if (given !== undefined) return resolve(io.cwd, given)
  const name = createHash('sha256')
    .update(JSON.stringify([url.href, path]))
    .digest('hex')
  return join(stateDirectory(io.env), `follow-${name.slice(0, 16)}.json`)
}

async function report(
  { args, messages, out }: CommandContext,
  { acknowledged, refused }: FollowTotals,
): Promise<void> {
  const outcome = refused === 0 ? 'all acknowledged' : `${acknowledged} acknowledged, ${refused} refused`
  messages.note(`sent ${count(acknowledged + refused, 'record')} (${outcome})`)
  if (isJsonWanted(args))
    await out.write(`${JSON.stringify({ sent: acknowledged + refused, acknowledged, refused })}\n`)
}
