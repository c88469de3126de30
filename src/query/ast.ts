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
}

export interface Filter {
  readonly kind: string
}

export interface Pipe {
  readonly kind: string
}
