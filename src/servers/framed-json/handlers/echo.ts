/** `echo`: the payload comes back; over UDP with the address that it came from. */
import { isObject } from '../json-object.ts'
import type { JsonHandler } from '../registry.ts'

const ECHO_LENGTH_MAX = 1000

export const echo: JsonHandler = {
  action: 'echo',
  isForDatagrams: true,
  run: (context, { payload }) => {
    const { address, port } = context.peer
    const client = `${address.includes(':') ? `[${address}]` : address}:${port}`
    if (context.isDatagram) context.reply('udp_echo_response', { original: payload, address: client })
    else {
      const { serverName } = context.services
      context.reply('echo_response', {
        original: payload,
        client,
        echo: `Echo: ${textOf(payload)}`,
        processed_by: serverName,
      })
    }
  },
}

/** The text of a message, where it has one; not all of a long one. */
function textOf(payload: unknown): string {
  const text = isObject(payload) ? payload['message'] : payload
  const shown = typeof text === 'string' ? text : JSON.stringify(payload)
  return shown.slice(0, ECHO_LENGTH_MAX)
}
