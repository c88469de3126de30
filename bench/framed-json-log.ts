/**
 * Claim: 150,000 records of 200 bytes a second are acknowledged in `log_batch` messages of framed JSON, on two cores
 * shared with the load generator, every one synced before its reply.
 *
 *   npm run -s node -- bench/framed-json-log.ts [--records 2000000] [--connections 4]
 */
import { measureFrameLoad } from './frame-load.ts'

await measureFrameLoad({ title: 'Acknowledged records, framed JSON', protocol: 'framedJson', goal: 150_000 })
