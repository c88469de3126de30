/**
 * Which process listens on an address, as Linux tells it in /proc: the table of sockets gives the inode, and the
 * processes of this user (all of them, for root) show which of them has it open.
 */
import { readdir, readFile, readlink } from 'node:fs/promises'
import { isIPv4 } from 'node:net'
import { basename } from 'node:path'
import type { Address } from '../../config/config.ts'
import type { RunningProcess, Transport } from './machine.ts'

const TABLES: Readonly<Record<Transport, readonly string[]>> = {
  tcp: ['/proc/net/tcp', '/proc/net/tcp6'],
  udp: ['/proc/net/udp', '/proc/net/udp6'],
}

/** Null when nobody listens, when it is another user's process, or when there is no /proc. */
export async function listenerOf(address: Address, transport: Transport): Promise<RunningProcess | null> {
  const tables = await Promise.all(TABLES[transport].map((path) => readFile(path, 'latin1').catch(() => '')))
  const inodes = tables.flatMap((table) => listeningInodes(table, address))
  const sockets = new Set(inodes.map((inode) => `socket:[${inode}]`))
  if (sockets.size === 0) return null
  for (const pid of await processIds()) {
    if (await hasOpen(pid, sockets)) return { pid, name: await nameOf(pid) }
  }
  return null
}

/** TCP_LISTEN, and TCP_CLOSE: a UDP socket without a peer. A closed socket of TCP is in no table. */
const LISTENING = new Set(['0A', '07'])

/** Inodes of the sockets that listen there, from a table as /proc/net/tcp and /proc/net/udp have it. */
export function listeningInodes(table: string, address: Address): string[] {
  return table.split('\n').flatMap((line) => {
    const words = line.trim().split(/\s+/)
    const [, local = '', , state] = words
    return LISTENING.has(state) && isAt(local, address) ? [words[9]] : []
  })
}

const ANY_IPV4 = '00000000'

/** `0100007F:270F` is 127.0.0.1:9999. An IPv6 socket may take IPv4 connections too, so its port alone counts. */
function isAt(local: string, { host, port }: Address): boolean {
  const [address, digits] = local.split(':')
  if (Number.parseInt(digits, 16) !== port) return false
  if (!isIPv4(host) || address.length !== ANY_IPV4.length) return true
  return host === '0.0.0.0' || address === ANY_IPV4 || address === tableForm(host)
}

function tableForm(ipv4: string): string {
  const octets = ipv4.split('.').toReversed()
  return octets.map((octet) => Number(octet).toString(16).padStart(2, '0').toUpperCase()).join('')
}

async function processIds(): Promise<number[]> {
  const names = await readdir('/proc').catch(() => [])
  return names.filter((name) => /^\d+$/.test(name)).map(Number)
}

async function hasOpen(pid: number, sockets: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`
  const names = await readdir(folder).catch(() => [])
  for (const name of names) {
    if (sockets.has(await readlink(`${folder}/${name}`).catch(() => ''))) return true
  }
  return false
}

/** Of the program that runs; Node.js names its main thread, and so the process, "MainThread". */
async function nameOf(pid: number): Promise<string> {
  const program = await readlink(`/proc/${pid}/exe`).catch(() => null)
  return program === null
    ? (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim()
    : basename(program)
}
