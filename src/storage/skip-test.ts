import type { ValueTest } from '../record/record.ts'

/** What is asked of a block before it is read: a tree of tests that rows must pass. `field` null is the message. */
export type SkipTest =
  | { readonly kind: 'and' | 'or'; readonly tests: readonly SkipTest[] }
  | { readonly kind: 'value'; readonly field: string | null; readonly test: ValueTest }
