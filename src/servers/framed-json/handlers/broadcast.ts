/** `broadcast`: the payload goes to all other framed JSON sessions that may read, with the sender's own name. */

import type { JsonHandler } from '../registry.ts'
import { encodeReply } from '../reply-frame.ts'

const SECOND_MS = 1000

export const broadcast: JsonHandler = {
  action: 'broadcast.send',
  isForDatagrams: true,
  run: (context, { payload, senderId }) => {
    const { broadcasts, clock } = context.services
    const frame = encodeReply('broadcast', JSON.stringify(payload), {
      timestamp: clock.wallMs() / SECOND_MS,
      senderId: senderId ?? `${context.peer.address}:${context.peer.port}`,
      correlationId: null,
    })
    const recipients = broadcasts.send(frame, context.receiver)
    context.reply('broadcast_ack', { message: `Sent to ${recipients} sessions`, recipients })
  },
}
