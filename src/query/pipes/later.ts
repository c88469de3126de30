/** Pipes and functions of LogsQL that this version does not have. A line goes when its pipe comes. */

/** Names of each pipe, the first one for messages. */
export const LATER_PIPES: readonly (readonly [string, ...string[]])[] = [['stats_remote']]

/** Functions of `stats`, which may stand for the pipe: `| count()`. */
export const LATER_STATS_FUNCTIONS: readonly string[] = []
