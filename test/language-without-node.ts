/**
 * A program that runs the query language in a realm that has the globals of JavaScript and a few that every browser has,
 * and nothing of Node. Reads questions as JSON from its standard input, writes the answers to its standard output.
 * Needs `--experimental-vm-modules`.
 */
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { createContext, type Module, SourceTextModule } from 'node:vm'
import { PACKAGES, scriptOf } from './browser-modules.ts'
import type * as Answers from './language-answers.ts'
import type { Language } from './language-answers.ts'

const WEB_GLOBALS = { TextDecoder, TextEncoder, URL, atob, btoa, crypto, performance }

const context = createContext(WEB_GLOBALS)
const modules = new Map<string, Module>()

/** The exports of the module. */
async function load(path: string): Promise<object> {
  const module = moduleOf(path)
  await module.link((specifier, { identifier }) => moduleOf(pathOf(specifier, identifier)))
  await module.evaluate()
  return module.namespace
}

function moduleOf(path: string): Module {
  const known = modules.get(path)
  if (known !== undefined) return known
  const module = new SourceTextModule(scriptOf(path), { identifier: path, context })
  modules.set(path, module)
  return module
}

function pathOf(specifier: string, importer: string): string {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(importer), specifier)
  const path = PACKAGES[specifier]
  if (path === undefined) throw new Error(`${importer} imports ${specifier}`)
  return path
}

const language = (await load('src/query/language.ts')) as Language
const { languageAnswers } = (await load('test/language-answers.ts')) as typeof Answers
const answers = languageAnswers(language, JSON.parse(readFileSync(0, 'utf8')))
process.stdout.write(JSON.stringify(answers))
