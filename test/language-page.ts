/**
 * A page on this machine that runs the query language in a headless Chromium, for whoever has one: `chromium` or
 * `chromium-browser` in the search path.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { PACKAGES, scriptOf } from './browser-modules.ts'
import type { LanguageQuestion } from './language-answers.ts'

/** Null where there is none. */
export function findChromium(): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const paths = folders.flatMap((folder) => [join(folder, 'chromium'), join(folder, 'chromium-browser')])
  return paths.find((path) => existsSync(path)) ?? null
}

const BROWSER_MS_MAX = 100_000
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-dev-shm-usage']

/** The page's answers, or what it failed with. */
export async function askInBrowser(
  chromium: string,
  questions: readonly LanguageQuestion[],
): Promise<unknown> {
  const profile = mkdtempSync(join(tmpdir(), 'logcaster-page-'))
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const server = createServer((request, response) => {
    answer(request, response, questions).then((said) => said === null || resolve(JSON.parse(said)), reject)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const browser = spawn(chromium, [...FLAGS, `--user-data-dir=${profile}`, address], {
    stdio: 'ignore',
    signal: AbortSignal.timeout(BROWSER_MS_MAX),
  })
  const ended = new Promise<void>((done) => browser.once('close', () => done()))
  browser.once('error', reject)
  ended.then(() => reject(new Error('the browser ended before it answered')))
  try {
    return await promise
  } finally {
    browser.kill()
    await ended
    server.closeAllConnections()
    server.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 10 })
  }
}

/** What the page says in the end, null for any other request. */
async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  questions: readonly LanguageQuestion[],
): Promise<string | null> {
  const path = (request.url ?? '/').slice(1)
  const said = request.method === 'POST' ? await text(request) : null
  if (said !== null) response.end()
  else if (path === '') send(response, 'text/html', pageOf(questions))
  else if (path.endsWith('.ts') || path.endsWith('.js')) send(response, 'text/javascript', scriptOf(path))
  else response.writeHead(404).end()
  return said
}

function send(response: ServerResponse, type: string, body: string): void {
  response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(body)
}

function pageOf(questions: readonly LanguageQuestion[]): string {
  const imports = Object.fromEntries(Object.entries(PACKAGES).map(([name, path]) => [name, `/${path}`]))
  return `<!doctype html>
<script type="importmap">${scriptText({ imports })}</script>
<script type="module">
const say = (answer) => fetch('/', { method: 'POST', body: JSON.stringify(answer) })
try {
  const language = await import('/src/query/language.ts')
  const { languageAnswers } = await import('/test/language-answers.ts')
  await say(languageAnswers(language, ${scriptText(questions)}))
} catch (error) {
  await say(String(error.stack))
}
</script>
`
}

/** JSON that ends no script. */
function scriptText(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c')
}
