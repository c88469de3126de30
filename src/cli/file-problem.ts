/** What a command says about a file that it cannot read: one sentence, the name once, nothing of Node's own text. */
import { messageOf, systemErrorCode } from '../base/base.ts'

/** `nope.txt: no such file`. `error` is what opening or reading gave. */
export function fileProblem(name: string, error: unknown): string {
  const code = systemErrorCode(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return `${name}: no such file`
  if (code === 'EISDIR') return `${name} is a directory; name a file`
  if (code === 'EACCES' || code === 'EPERM') return `${name}: this user may not read it`
  return `${name} cannot be read: ${code ?? messageOf(error)}`
}
