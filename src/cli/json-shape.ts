/** Values out of JSON that a server sent, read with care: whatever answers there may be no LogCaster. */
import { CodedError } from '../base/base.ts'

export type JsonObject = Readonly<Record<string, unknown>>

const OBJECT_START = 0x7b
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value as an object. SERVER_REFUSED. */
export function objectOf(value: unknown): JsonObject {
  if (isObject(value)) return value
  throw new CodedError('SERVER_REFUSED', 'The server sent something else than was asked for.')
}

/** The objects of a list; nothing where there is no list. SERVER_REFUSED. */
export function objectsOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.map(objectOf) : []
}

/** What the text of a JSON object says; null of any other text. */
export function readObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

/** A row of an answer that came as a JSON object; null of any other row. */
export function objectOfRow(row: Uint8Array): JsonObject | null {
  return row[0] === OBJECT_START ? readObject(decoder.decode(row)) : null
}

/** 0 where it is no number. */
export const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0)

/** Empty where it is no text. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
