/**
 * The rules that the documentation obeys, as pure functions: pages in, sentences about what is wrong out.
 * docs-rules.test.ts breaks each of them on invented pages; docs.test.ts holds ours against them.
 */
import { posix } from 'node:path'
import { codeBlocks, headings, links, slugs } from './markdown.ts'

/** Pages by their path from the root of the repository. */
export type Pages = Readonly<Record<string, string>>

/** Relative links to a file, or to a heading of a page, that is not there. `exists` answers for paths from the root. */
export function checkLinks(pages: Pages, exists: (path: string) => boolean): string[] {
  return Object.entries(pages).flatMap(([path, page]) =>
    links(page)
      .filter((link) => !/^[a-z][a-z0-9+.-]*:/i.test(link))
      .filter((link) => !leadsSomewhere(path, link, pages, exists))
      .map((link) => `${path} links to ${link}, which is not there`),
  )
}

function leadsSomewhere(
  path: string,
  link: string,
  pages: Pages,
  exists: (path: string) => boolean,
): boolean {
  const [file, heading] = decodeURI(link).split('#')
  const target = file === '' ? path : posix.join(posix.dirname(path), file)
  if (target.startsWith('../') || !exists(target)) return false
  return heading === undefined || !(target in pages) || slugs(pages[target]).includes(heading)
}

/** Where a page and its translation part: the depths of headings, the code blocks, the targets of links. */
export function checkTranslation(original: string, translation: string): string[] {
  const depths = (page: string) => headings(page).map(({ depth }) => '#'.repeat(depth))
  const blocks = (page: string) => codeBlocks(page).map(({ language, text }) => `${language}\n${text}`)
  const targets = (page: string) => links(page).filter((link) => !link.startsWith('#') && !isReadme(link))
  return [
    ...firstDifference('heading', depths(original), depths(translation)),
    ...firstDifference('code block', blocks(original), blocks(translation)),
    ...firstDifference('link', targets(original), targets(translation)),
  ]
}

/** The pages link to each other, and to places within themselves that have translated names. */
const isReadme = (link: string): boolean => /^README\.(\w+\.)?md/.test(link)

function firstDifference(what: string, left: readonly string[], right: readonly string[]): string[] {
  const count = Math.max(left.length, right.length)
  for (let index = 0; index < count; index++) {
    const [one, other] = [left[index] ?? 'none', right[index] ?? 'none']
    if (one !== other) return [`${what} ${index + 1} differs: ${one.trim()} / ${other.trim()}`]
  }
  return []
}

/** Error codes that the sources never name, or that no test does. Sources are texts without the declarations. */
export function checkCodes(
  codes: readonly string[],
  sources: readonly string[],
  tests: readonly string[],
): string[] {
  const named = (texts: readonly string[], code: string) =>
    texts.some((text) => new RegExp(`\\b${code}\\b`).test(text))
  const unused = codes
    .filter((code) => !named(sources, code))
    .map((code) => `${code} is used nowhere in src/`)
  const untested = codes.filter((code) => !named(tests, code)).map((code) => `${code} is in no test`)
  return [...unused, ...untested]
}
