/** What a client tells whoever listens: a small typed set of events. */
import type { CodedError } from '../base/base.ts'
import type { ClientState } from './lane.ts'
import type { RefusedRecord } from './sender.ts'

export interface ClientEvents {
  /** The connection over which records are sent: what it is doing now. */
  readonly state: ClientState
  /** The server did not take a record; the `send` of it rejects too, unless it lay in a spill file. */
  readonly refused: RefusedRecord
  /** Records that are now in a spill file. */
  readonly spilled: { readonly records: number }
  /** Something went wrong that the client deals with by itself, or that concerns no single call. */
  readonly problem: CodedError
}

export type ClientListener<Name extends keyof ClientEvents> = (event: ClientEvents[Name]) => void

/** Problems that nobody has heard are kept up to here: opening a client may find some before anybody can listen. */
const UNHEARD_MAX = 100

export class EventTable {
  readonly #unheard: CodedError[] = []
  readonly #listeners: { [Name in keyof ClientEvents]: Set<ClientListener<Name>> } = {
    state: new Set(),
    refused: new Set(),
    spilled: new Set(),
    problem: new Set(),
  }

  /** Returns what ends the listening. Problems that came before anybody listened go to the first listener. */
  on<Name extends keyof ClientEvents>(name: Name, listener: ClientListener<Name>): () => void {
    this.#listeners[name].add(listener)
    if (name === 'problem') for (const error of this.#unheard.splice(0)) this.emit('problem', error)
    return () => void this.#listeners[name].delete(listener)
  }

  /** A listener that throws does not disturb the client: its error surfaces as an uncaught exception. */
  emit<Name extends keyof ClientEvents>(name: Name, event: ClientEvents[Name]): void {
    const isUnheard = name === 'problem' && this.#listeners.problem.size === 0
    if (isUnheard && this.#unheard.length < UNHEARD_MAX) this.#unheard.push(event as CodedError)
    for (const listener of this.#listeners[name]) {
      try {
        listener(event)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
