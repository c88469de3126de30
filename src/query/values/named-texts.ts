/** What was read out of a text: names and texts side by side. A name that stands there twice means the last of them. */
export interface NamedTexts {
  readonly names: string[]
  readonly texts: string[]
}
