/**
 * Ends the process with one sentence when this Node.js is too old for the sources. Loaded before anything else
 * (`node --import ./dev/node-check.js …`), and JavaScript: an old Node.js could not even read TypeScript.
 *
 * Also keeps the sources compiled from one start to the next. Without types to strip, a start takes half the time and
 * 30 MB less memory (measured: bench/start.ts).
 */
import { readFileSync } from 'node:fs'
import module from 'node:module'
import { fileURLToPath } from 'node:url'

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const needed = engines.node.replace('>=', '')
const present = process.versions.node

if (isOlder(present, needed)) {
  console.error(
    `LogCaster needs Node.js ${needed} or newer, and this is ${present}: \`npm ci\` brings it for Linux and for ` +
      'macOS on Intel; elsewhere install it yourself (docs/adr/0001-own-node.md).',
  )
  process.exit(1)
}

module.enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url)))

/**
 * @param {string} version
 * @param {string} other
 */
function isOlder(version, other) {
  const [left, right] = [version, other].map((text) =>
    text.split('.').map((part) => Number.parseInt(part, 10)),
  )
  const different = left.findIndex((part, index) => part !== right[index])
  return different !== -1 && left[different] < right[different]
}
