/** The tails of push-tail.ts: what people look for in the ten real logs, most of it rare, some of it in every batch. */

export interface TailOf {
  readonly filter: string
  readonly port: 'query' | 'http'
  /** Reads for a moment, then rests: it cannot take all that matches. */
  readonly isSlow: boolean
}

const PHRASES = [
  '"Failed password"',
  '"Failed password for root"',
  '"Failed password for invalid user"',
  '"authentication failure"',
  '"POSSIBLE BREAK-IN ATTEMPT"',
  '"Invalid user"',
  '"Connection closed by"',
  '"No more user authentication methods"',
  '"session opened for user"',
  '"session closed for user"',
  '"Connection broken for id"',
  '"caught end of stream exception"',
  '"Cannot open channel to"',
  '"Notification time out"',
  '"Address change detected"',
  '"Failed to renew lease"',
  '"ERROR IN CONTACTING RM"',
  '"TaskAttempt Transitioned"',
  '"Got exception while serving"',
  '"Served block"',
  '"Deleting block"',
  '"data TLB error interrupt"',
  '"instruction cache parity error corrected"',
  '"floating point alignment exceptions"',
  '"data storage interrupt"',
  '"File Output Committer Algorithm"',
  '"Saved output of task"',
  '"Reading broadcast variable"',
  '"Kerberos authentication failed"',
  '"mod_jk child workerEnv in error state 6"',
]

const WORDS = [
  'panic',
  'timeout',
  'refused',
  'denied',
  'OutOfMemoryError',
  'GOODBYE',
  'klogind',
  'broadcast',
  'crond',
  'NameSystem.allocateBlock',
  'RackResolver',
  'segfault',
  'i(shutdown)',
  'webmaster',
]

const FIELDS = [
  'level:fatal',
  'level:error service:openssh',
  'service:=hdfs',
  'service:=openstack level:warn',
  'service:=checkout',
  'host:=host-017',
  'host:=host-003 service:=linux',
  'service:in(bgl, thunderbird) level:fatal',
  'host:host-01* level:error',
  'service:apache error',
  'level:trace',
  'trace_id:=4bf92f3577b34da6',
]

const REGEXPS = [
  '~"Failed password for (root|admin)"',
  '~"sshd\\\\[2420[0-9]\\\\]"',
  '~"of size 6[0-9]+"',
  '~"took [0-9]{3,} ms"',
  '~"blk_-?18[0-9]+ terminating"',
  '~"status: (4|5)[0-9][0-9]"',
  '~"(?i)fatal.*interrupt"',
  '~"user=(root|test|admin)$"',
  '~"port [0-9]+ ssh2"',
  '~"Exception: .* at "',
  '~"stratum 1[0-9]"',
  '~"TID 1[0-9]{2}\\\\)"',
]

const COMBINED = [
  '"Received disconnect" !"Bye Bye"',
  '"check pass" or "Invalid user" or klogind',
  'error !workerEnv !sshd',
  '(timeout or "time out") !INFO',
  'level:warn !QuorumCnxManager !LeaseRenewer',
  'KERNEL FATAL !interrupt',
  '"Received block" "10.251.73.220"',
  'WARN (SendWorker or RecvWorker) "my id"',
  '(level:error or level:fatal) !workerEnv !"CONTACTING RM"',
  'sshd root !"Failed password" !"authentication failure"',
  'ganglia "got not answer"',
  'seq(Failed, password, port)',
  'contains_any(oom, "out of memory", "no space left", "disk full")',
  'exception !"end of stream" !serving',
]

const OVER_HTTP = [
  'level:fatal KERNEL',
  '"Failed password for root" port',
  'service:=zookeeper level:error',
  '~"Starting task [0-9]+"',
  'ftpd "81.11.54.56"',
  'imagecache !"in use"',
  'GOODBYE or klogind',
  'host:=host-005 level:warn',
]

/** Most of them match everything, or nearly: nobody could read it while resting. */
const SLOW = [
  '*',
  'level:info',
  '!INFO',
  'tenant shard',
  '~"(?i)tenant=(blue|green)"',
  '!"Failed password" !klogind',
  '!service:=spark',
  '-level:fatal -level:error',
]
const SLOW_OVER_HTTP = ['level:info or level:warn', '!level:trace']

const tailsOf = (filters: readonly string[], port: TailOf['port'], isSlow: boolean): TailOf[] =>
  filters.map((filter) => ({ filter, port, isSlow }))

/** A hundred, all different. */
export const TAILS: readonly TailOf[] = [
  ...tailsOf([...PHRASES, ...WORDS, ...FIELDS, ...REGEXPS, ...COMBINED], 'query', false),
  ...tailsOf(OVER_HTTP, 'http', false),
  ...tailsOf(SLOW, 'query', true),
  ...tailsOf(SLOW_OVER_HTTP, 'http', true),
]
