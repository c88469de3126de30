/** Which files the words of `import` mean: files as they are named, directories with everything below, sorted. */
import { readdir, stat } from 'node:fs/promises'
import { basename, join, matchesGlob, relative, resolve, sep } from 'node:path'

export interface ImportFile {
  /** As it is shown: with the word that the user gave. */
  readonly name: string
  readonly path: string
  readonly size: number
  /** The user named it, not only its directory. */
  readonly isNamed: boolean
}

export interface FileProblem {
  readonly name: string
  readonly error: unknown
  readonly isNamed: boolean
}

export interface FoundFiles {
  readonly files: readonly ImportFile[]
  /** What could not be looked at, with the system's error. */
  readonly problems: readonly FileProblem[]
}

/**
 * In the order of the words; each file once, whoever names it again. Links to files are followed, links to directories
 * below a directory are not: they may lead round in a circle. A glob with a `/` is matched against the path below the
 * directory, one without against the name; files that the user named need no match.
 */
export async function findFiles(
  words: readonly string[],
  cwd: string,
  globs: readonly string[],
): Promise<FoundFiles> {
  const search = new Search(cwd, globs)
  for (const word of words) await search.word(word)
  return search
}

class Search implements FoundFiles {
  readonly files: ImportFile[] = []
  readonly problems: FileProblem[] = []
  readonly #cwd: string
  readonly #globs: readonly string[]
  readonly #seen = new Set<string>()

  constructor(cwd: string, globs: readonly string[]) {
    this.#cwd = cwd
    this.#globs = globs
  }

  async word(name: string): Promise<void> {
    const path = resolve(this.#cwd, name)
    try {
      const found = await stat(path)
      if (found.isDirectory()) await this.#directory(name, path, path)
      else this.#add({ name, path, size: found.size, isNamed: true })
    } catch (error) {
      this.problems.push({ name, error, isNamed: true })
    }
  }

  async #directory(name: string, path: string, root: string): Promise<void> {
    const entries = await readdir(path, { withFileTypes: true })
    entries.sort((a, b) => (a.name < b.name ? -1 : 1))
    for (const entry of entries) {
      const below = { name: join(name, entry.name), path: join(path, entry.name) }
      try {
        if (entry.isDirectory()) await this.#directory(below.name, below.path, root)
        else if (this.#isWanted(relative(root, below.path))) await this.#file(below.name, below.path)
      } catch (error) {
        this.problems.push({ name: below.name, error, isNamed: false })
      }
    }
  }

  async #file(name: string, path: string): Promise<void> {
    const found = await stat(path)
    if (found.isFile()) this.#add({ name, path, size: found.size, isNamed: false })
  }

  #add(file: ImportFile): void {
    if (this.#seen.has(file.path)) return
    this.#seen.add(file.path)
    this.files.push(file)
  }

  #isWanted(path: string): boolean {
    if (this.#globs.length === 0) return true
    const whole = path.split(sep).join('/')
    return this.#globs.some((glob) => matchesGlob(glob.includes('/') ? whole : basename(whole), glob))
  }
}
