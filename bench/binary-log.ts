/**
 * Claim: 400,000 pipelined LOG requests of 200 bytes a second are acknowledged over the binary protocol, on two cores
 * shared with the load generator, every one synced before its reply.
 *
 *   npm run -s node -- bench/binary-log.ts [--records 2000000] [--connections 4]
 */
import { measureFrameLoad } from './frame-load.ts'

await measureFrameLoad({ title: 'Acknowledged records, binary protocol', protocol: 'binary', goal: 400_000 })
