/** `stats`: counters of this session; of the server too, where that is allowed. */
import type { JsonHandler } from '../registry.ts'

export const stats: JsonHandler = {
  action: 'stats.connection',
  run: (context) => {
    const { access, services } = context
    const own = context.sessionStats()
    context.reply('stats', access.can('stats.server') ? { ...own, server: services.serverStats() } : own)
  },
}
