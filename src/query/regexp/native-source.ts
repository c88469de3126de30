/**
 * A pattern as the platform's RegExp spells it: for matches that both engines agree about, whatever the text. Every
 * class is spelled by code points, no flag but `u` is needed, and places are what RE2 means by them.
 *
 * Null for what the two do not mean the same: a repeated piece that may be empty, a group within a repeated piece (RE2
 * keeps what it held in an earlier round), classes that are not known, and patterns that may find nothing at a place:
 * RegExp also looks for that between the two halves of a character.
 */
import type { ClassNode, PatternNode, Place, RepeatNode } from './tree.ts'

const PLACES: Readonly<Record<Place, string>> = {
  begin: '^',
  end: '$',
  lineBegin: '(?<![^\\n])',
  lineEnd: '(?![^\\n])',
  wordEdge: '\\b',
  noWordEdge: '\\B',
}

export function nativeSource(pattern: PatternNode): string | null {
  return mayBeEmpty(pattern) ? null : sourceOf(pattern)
}

function sourceOf(node: PatternNode): string | null {
  if (node.kind === 'empty') return '(?:)'
  if (node.kind === 'place') return PLACES[node.place]
  if (node.kind === 'class') return classSource(node)
  if (node.kind === 'group') return wrapped('(', node.body)
  if (node.kind === 'repeat') return repeatSource(node)
  const items = node.items.map(sourceOf)
  if (items.includes(null)) return null
  return node.kind === 'sequence' ? items.join('') : `(?:${items.join('|')})`
}

function wrapped(opening: string, body: PatternNode): string | null {
  const source = sourceOf(body)
  return source === null ? null : `${opening}${source})`
}

function repeatSource({ body, min, max, isLazy }: RepeatNode): string | null {
  if (mayBeEmpty(body) || (max > 1 && hasGroup(body))) return null
  const source = wrapped('(?:', body)
  return source === null ? null : `${source}{${min},${max === Infinity ? '' : max}}${isLazy ? '?' : ''}`
}

function classSource({ ranges, isOpaque }: ClassNode): string | null {
  if (isOpaque) return null
  if (ranges.length === 2 && ranges[0] === ranges[1]) return characterSource(ranges[0])
  let source = ''
  for (let at = 0; at < ranges.length; at += 2) {
    source += characterSource(ranges[at])
    if (ranges[at + 1] > ranges[at]) source += `-${characterSource(ranges[at + 1])}`
  }
  return `[${source}]`
}

function characterSource(code: number): string {
  const character = String.fromCodePoint(code)
  return /[0-9A-Za-z]/.test(character) ? character : `\\u{${code.toString(16)}}`
}

function mayBeEmpty(node: PatternNode): boolean {
  if (node.kind === 'class') return false
  if (node.kind === 'group') return mayBeEmpty(node.body)
  if (node.kind === 'repeat') return node.min === 0 || mayBeEmpty(node.body)
  if (node.kind === 'sequence') return node.items.every(mayBeEmpty)
  if (node.kind === 'choice') return node.items.some(mayBeEmpty)
  return true
}

function hasGroup(node: PatternNode): boolean {
  if (node.kind === 'group') return true
  if (node.kind === 'repeat') return hasGroup(node.body)
  return (node.kind === 'sequence' || node.kind === 'choice') && node.items.some(hasGroup)
}
