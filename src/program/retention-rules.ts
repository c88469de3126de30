/** From the options of retention to what the hub and its stores take: filters are read here, and refused here. */
import { CodedError, messageOf } from '../base/base.ts'
import type { Config } from '../config/config.ts'
import type { RetentionRule } from '../hub/hub.ts'
import { hasSubquery, parseQuery } from '../query/query.ts'

export interface Retention {
  /** After which every record may go; 0: some are kept for ever. */
  readonly retentionMs: number
  readonly retentionRules: readonly RetentionRule[]
}

type RetentionOptions = Pick<Config['storage'], 'retention' | 'retentionMs'>

/** CONFIG_INVALID: a rule whose filter cannot be read. */
export function retentionOf({ retention, retentionMs }: RetentionOptions, nowMs: number): Retention {
  const rules = retention.map(({ keepMs, where }) => ({
    keepMs,
    filter: where === null ? null : filterOf(where, nowMs),
  }))
  if (rules.length === 0) return { retentionMs, retentionRules: [] }
  const isForAll = rules.at(-1)?.filter === null
  if (!isForAll && retentionMs > 0) rules.push({ keepMs: retentionMs, filter: null })
  const endsForAll = isForAll || retentionMs > 0
  return {
    retentionMs: endsForAll ? Math.max(...rules.map(({ keepMs }) => keepMs)) : 0,
    retentionRules: rules,
  }
}

function filterOf(where: string, nowMs: number): RetentionRule['filter'] {
  let problem = 'a rule takes a filter alone, without pipes and without a query within it'
  try {
    const query = parseQuery(where, { nowMs })
    if (query.pipes.length === 0 && !hasSubquery(query)) return query.filter
  } catch (error) {
    problem = messageOf(error)
  }
  throw new CodedError(
    'CONFIG_INVALID',
    `storage.retention: the filter of \`${where}\` cannot be used: ${problem}`,
  )
}
