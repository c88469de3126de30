/** Values out of JSON that a server sent, read with care: whatever answers there may be no LogCaster. */
import { CodedError } from '../base/base.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** The value as an object. SERVER_REFUSED. */
export function objectOf(value: unknown): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  throw new CodedError('SERVER_REFUSED', 'The server sent something else than was asked for.')
}

/** The objects of a list; nothing where there is no list. SERVER_REFUSED. */
export function objectsOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.map(objectOf) : []
}

/** 0 where it is no number. */
export const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0)

/** Empty where it is no text. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
