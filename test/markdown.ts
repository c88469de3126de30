/**
 * What the tests of the documentation need to know of a Markdown page: headings, code blocks, links. A page is read as
 * its readers see it: what looks like a heading or a link inside a code block is none.
 */

export interface Heading {
  /** 1 to 6. */
  readonly depth: number
  readonly text: string
}

export interface CodeBlock {
  readonly language: string
  readonly text: string
}

interface Lines {
  readonly prose: readonly string[]
  readonly blocks: readonly CodeBlock[]
}

export function headings(page: string): Heading[] {
  return split(page).prose.flatMap((line) => {
    const found = /^(#{1,6}) +(.*?) *#*$/.exec(line)
    return found === null ? [] : [{ depth: found[1].length, text: found[2] }]
  })
}

export function codeBlocks(page: string): readonly CodeBlock[] {
  return split(page).blocks
}

/** Targets of inline links, images and reference definitions, as they are written. */
export function links(page: string): string[] {
  const text = split(page)
    .prose.join('\n')
    .replaceAll(/`+[^`]*`+/g, '`code`')
  const inline = [...text.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)]
  const references = [...text.matchAll(/^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)/gm)]
  return [...inline, ...references].map((found) => found[1])
}

/** What a heading is called in a link (`page.md#slug`). */
export function slug(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
    .replaceAll(' ', '-')
}

/** All slugs of a page; equal headings are numbered. */
export function slugs(page: string): string[] {
  const seen = new Map<string, number>()
  return headings(page).map(({ text }) => {
    const name = slug(text)
    const count = seen.get(name) ?? 0
    seen.set(name, count + 1)
    return count === 0 ? name : `${name}-${count}`
  })
}

function split(page: string): Lines {
  const prose: string[] = []
  const blocks: CodeBlock[] = []
  let open: { fence: string; language: string; lines: string[] } | null = null
  for (const line of page.split('\n')) {
    const [, fence = '', language = ''] = /^ *(`{3,}|~{3,})\s*([^\s`]*)/.exec(line) ?? []
    if (open === null) {
      if (fence === '') prose.push(line)
      else open = { fence, language, lines: [] }
    } else if (fence.startsWith(open.fence) && language === '') {
      blocks.push({ language: open.language, text: `${open.lines.join('\n')}\n` })
      open = null
    } else {
      open.lines.push(line)
    }
  }
  return { prose, blocks }
}
