/** The status page. Static HTML without scripts; every value is escaped. */
import type { HttpSurroundings } from './http-options.ts'
import { openConnections, type ServerStats } from './server-stats.ts'

export interface StatusReader {
  /** Of this server, as the reader calls it. */
  readonly url: string
  /** Whether the reader may know what the server counts. */
  readonly seesCounters: boolean
  readonly mayWrite: boolean
  readonly mayQuery: boolean
}

export function statusHtml(
  { clock, options, startedMs }: HttpSurroundings,
  { url, seesCounters, mayWrite, mayQuery }: StatusReader,
): string {
  const stats = options.serverStats()
  const uptimeSeconds = Math.floor((clock.monotonicMs() - startedMs) / 1000)
  const facts: [name: string, value: string][] = [
    ['Version', options.version],
    ['Running for', durationText(uptimeSeconds)],
    ...(seesCounters ? counterFacts(stats) : []),
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>LogCaster</title>
<link rel="stylesheet" href="/static/page.css">
</head>
<body>
<main>
<h1>LogCaster</h1>
<p>The log hub you can talk to. It runs.</p>
<dl>
${facts.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`).join('\n')}
</dl>
${seesCounters ? portTable(stats) : ''}
<h2>Send a line</h2>
<pre>${escapeHtml(`curl${tokenOption(mayWrite)} ${url}/api/v1/logs -d '{"_msg":"it works"}'`)}</pre>
<h2>Find it</h2>
<pre>${escapeHtml(`curl${tokenOption(mayQuery)} ${url}/select/logsql/query -d 'query=works'`)}</pre>
</main>
</body>
</html>
`
}

function tokenOption(isAllowed: boolean): string {
  return isAllowed ? '' : " -H 'Authorization: Bearer TOKEN'"
}

function counterFacts(stats: ServerStats): [string, string][] {
  const records = Object.values(stats.hub.stores).reduce((sum, store) => sum + store.records, 0)
  return [
    ['Records', records.toLocaleString('en')],
    ['Open connections', openConnections(stats).toLocaleString('en')],
  ]
}

function portTable({ ports }: ServerStats): string {
  const rows = Object.entries(ports).map(([name, { addresses, connections }]) => {
    const places = addresses.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`)
    const cells = [name, places.join(', '), String(connections)]
    return `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`
  })
  return `<h2>Ports</h2>
<table>
<thead><tr><th>Port</th><th>Listens on</th><th>Connections</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`
}

function durationText(seconds: number): string {
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ]
  const first = parts.findIndex(([value]) => value > 0)
  return first < 0
    ? '0 s'
    : parts
        .slice(first, first + 2)
        .map(([value, unit]) => `${value} ${unit}`)
        .join(' ')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character])
}
