/** `ping`: the server's time. */
import type { JsonHandler } from '../registry.ts'

const SECOND_MS = 1000

export const ping: JsonHandler = {
  action: 'ping',
  isForDatagrams: true,
  run: (context) => context.reply('pong', { timestamp: context.services.clock.wallMs() / SECOND_MS }),
}
