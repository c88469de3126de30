/**
 * What the framed JSON protocol answers: a handler for each type of message, and middleware around all of them. Both
 * are registered, the built-in ones too (built-in.ts), and so a program adds its own or replaces ours:
 *
 *   registry.handle('greet', (context, { payload }) => ({ text: 'hello', to: payload }))    // greet_response
 *   registry.handle('purge', { action: 'server.change', run: async (context) => context.reply('purged', {}) })
 *   registry.use(async (context, message, next) => { await next() })
 *
 * Middleware lies around the handler like the skins of an onion, the first registered outermost. Whatever is thrown
 * becomes an `error` frame: a CodedError with its code and message, anything else as INTERNAL_ERROR, told to our log.
 */
import { CodedError } from '../../base/base.ts'
import type { JsonMessage } from '../../wire/wire.ts'
import type { Action } from '../actions.ts'
import type { JsonContext } from './context.ts'

export interface JsonHandler {
  /** What a session must be allowed to do; null: any session that the port lets in. */
  readonly action: Action | null
  /** Replies through the context, as often as it likes. */
  readonly run: (context: JsonContext, message: JsonMessage) => void | Promise<void>
  /** Whether what the session sends behind it waits until it is done. Default false. */
  readonly isBarrier?: boolean
  /** Whether it is answered over UDP too, where nobody is asked to wait and answers are short. Default false. */
  readonly isForDatagrams?: boolean
}

/** What it returns is the payload of the reply, of type `<type>_response`; undefined: no reply. */
export type JsonFunction = (context: JsonContext, message: JsonMessage) => unknown

export type JsonMiddleware = (
  context: JsonContext,
  message: JsonMessage,
  next: () => Promise<void>,
) => Promise<void>

/** What messages without a handler are counted as. */
const UNKNOWN_TYPE = 'unknown'

const UNKNOWN: JsonHandler = {
  action: null,
  run: (_context, { type }) => {
    throw new CodedError('REQUEST_INVALID', `Unknown message type: ${type}`)
  },
}

export class JsonRegistry {
  readonly #handlers = new Map<string, JsonHandler>()
  readonly #middleware: JsonMiddleware[] = []

  /** Answers messages of the type, instead of whoever did before. A function answers every session. */
  handle(type: string, handler: JsonHandler | JsonFunction): this {
    this.#handlers.set(type, typeof handler === 'function' ? handlerOf(type, handler) : handler)
    return this
  }

  /** Puts the function around all handlers, inside of what was put there before. */
  use(middleware: JsonMiddleware): this {
    this.#middleware.push(middleware)
    return this
  }

  /** Types that are answered. */
  get types(): readonly string[] {
    return [...this.#handlers.keys()]
  }

  /** Who answers the type, and what it is counted as. */
  find(type: string): { readonly type: string; readonly handler: JsonHandler } {
    const handler = this.#handlers.get(type)
    return handler === undefined ? { type: UNKNOWN_TYPE, handler: UNKNOWN } : { type, handler }
  }

  /** Rejects with what a handler or middleware threw. */
  run(handler: JsonHandler, context: JsonContext, message: JsonMessage): Promise<void> {
    return this.#step(0, handler, context, message)
  }

  async #step(
    index: number,
    handler: JsonHandler,
    context: JsonContext,
    message: JsonMessage,
  ): Promise<void> {
    const middleware = this.#middleware[index]
    if (middleware === undefined) await handler.run(context, message)
    else await middleware(context, message, () => this.#step(index + 1, handler, context, message))
  }
}

function handlerOf(type: string, answer: JsonFunction): JsonHandler {
  const run = async (context: JsonContext, message: JsonMessage): Promise<void> => {
    const payload = await answer(context, message)
    if (payload !== undefined) context.reply(`${type}_response`, payload)
  }
  return { action: null, run }
}
