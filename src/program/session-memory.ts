/**
 * Memory that sessions take beside the shares of the budget (config/memory-plan.ts): what is half a line or a frame, is
 * expanded, or waits to be sent. It is there for peers that misbehave or are many, and is mostly not used, so that
 * it has limits of its own, which are less where the budget is.
 */
import type { Config } from '../config/config.ts'

const MIB = 1024 * 1024
/** With so much or more, sessions have all that they were made for. */
const FULL_BYTES = 768 * MIB
/** The largest frame, with a little beside it. */
const HALF_BYTES_MIN = 20 * MIB

export interface SessionMemory {
  /** Of each protocol: lines that have no end yet. */
  readonly halfLineBytesMax: number
  readonly halfFrameBytesMax: number
  /** Of HTTP: what expands compressed bodies. */
  readonly expandingBytesMax: number
  /** Of HTTP: bodies that are held whole. */
  readonly gatheredBytesMax: number
  /** Of HTTP: ids of rows that answers have still to send. */
  readonly answerIdBytesMax: number
}

export function sessionMemory({ memory }: Config): SessionMemory {
  const share = Math.min(1, memory.bytesMax / FULL_BYTES)
  const part = (fullBytes: number, leastBytes: number): number =>
    Math.max(leastBytes, Math.floor(fullBytes * share))
  return {
    halfLineBytesMax: part(64 * MIB, HALF_BYTES_MIN),
    halfFrameBytesMax: part(64 * MIB, HALF_BYTES_MIN),
    expandingBytesMax: part(512 * MIB, 64 * MIB),
    gatheredBytesMax: part(64 * MIB, 16 * MIB),
    answerIdBytesMax: part(256 * MIB, 32 * MIB),
  }
}
