/**
 * What a query is once it was read: plain data, so that it can be compared, printed and sent to a worker. Positions in
 * the text are not part of it: whoever parses reports errors at once.
 *
 * A node carries a `kind`, which is the name of its declaration in filters/registry.ts or pipes/registry.ts. Only
 * that declaration knows what else is in the node; everybody else asks the declaration.
 */
export interface Query {
  readonly filter: Filter
  readonly pipes: readonly Pipe[]
  /** What `options(…)` before the filter says; absent where it does not stand there. */
  readonly options?: QueryOptions
}

/** By name, as the query wrote them: see options.ts. */
export type QueryOptions = Readonly<Record<string, string>>

export interface Filter {
  readonly kind: string
}

export interface Pipe {
  readonly kind: string
}
