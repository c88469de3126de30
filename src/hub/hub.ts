/** The door of hub/: the narrow waist that every server, and every program that holds a hub, talks to. */
export type {
  Answer,
  Hub,
  HubStats,
  QueryInfo,
  QueryOptions,
  TailItem,
  TailQueryOptions,
  TaskInfo,
  ValuesAnswer,
  ValuesQueryOptions,
} from './hub-api.ts'
export { DEFAULT_STORE, type HubOptions, openHub } from './open-hub.ts'
export { ProgramHub, type RowObject, type TailObject, type WriteOptions } from './program-hub.ts'
export type { RetentionRule } from './rule-retention.ts'
