/** The text of docs/configuration.md and of `logcaster config reference`, made from the declaration. */
import type { Children, DeclaredOption, Group } from './declaration.ts'
import type { Texts } from './kinds.ts'
import { DECLARATION, OPTIONS } from './options.ts'

const HEAD = `# Configuration

LogCaster runs without any. What you do set comes from flags, environment variables and one YAML file:

    npm start -- --config lan.yaml --log-listen 127.0.0.1:5140

**Who wins**, for each option on its own: flags, then variables, then the file, then the profile, then the defaults.
\`logcaster config show\` prints the effective value of every option and where it came from, \`logcaster config check\`
all problems of a configuration at once, \`logcaster config reference\` this page. A complete file is in
[examples/lan.yaml](examples/lan.yaml).

**Names.** The option \`record.bytesMax\` is \`bytesMax\` in the group \`record\` in the file, \`--record-bytes-max\` as a flag
and \`LOGCASTER_RECORD_BYTES_MAX\` as a variable. For ports, \`ports.\` is left out: \`ports.log.listen\` is \`--log-listen\`
and \`LOGCASTER_LOG_LISTEN\`. An unknown name in the file or a flag is refused; so is a variable that looks misspelt.

**Values** mean the same in all three.

| kind | how it is written |
|---|---|
| duration | a number with \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`, also several: \`500ms\`, \`10s\`, \`1h30m\`; a bare number is milliseconds |
| bytes | \`256KiB\`, \`64MiB\` (times 1024), \`4MB\` (times 1000); a bare number is bytes |
| address | \`127.0.0.1:9999\`, \`[::1]:9999\`, \`localhost:9999\`; port 0 takes any free one |
| network | \`10.0.0.0/8\`, \`fd00::/8\`; a bare address is that one address |
| list | in the file \`[a, b]\` or one value; in variables and flags \`a,b\`, and a flag may be repeated |
| true or false | a flag without a value is true, \`--no-<flag>\` is false |
| path | relative to the working directory of the process |
| secret | never the secret itself, only where it stands: in the file \`{file: key.pem}\` or \`{env: NAME}\`, elsewhere \`file:key.pem\` or \`env:NAME\`. Shown as \`***\` |
| tokens | each \`NAME CAPABILITY[,CAPABILITY...] sha256:HASH\`, as \`logcaster token new\` prints it: the hash of a token, never the token itself. Shown with the first 8 digits of the hash |

**Open ports.** A port that other machines can reach must state \`allow\` and \`auth\` (in the file, a variable, a flag, or
by \`profile: lan\`); otherwise LogCaster does not start, and says what to write. An empty list never means everybody.

The file is YAML without anchors, aliases and tags, at most 1 MiB, one document.

This page is made from \`src/config/options.ts\` by \`npm run docs\`.
`

export function printReference(): string {
  return `${HEAD}\n${sections(DECLARATION, []).join('\n')}`
}

/** The same for programs. */
export function referenceJson(): object {
  return OPTIONS.map(({ path, flag, env, kind, default: texts, help }) => {
    return { path, flag: `--${flag}`, env, kind: kind.name, default: texts ?? null, help }
  })
}

/** The group's own options first, then a section for each group in it. */
function sections(group: Group<Children>, names: readonly string[]): string[] {
  const title = names.length === 0 ? 'At the top' : `\`${names.join('.')}\``
  const help = names.length === 0 ? [] : [group.help, '']
  const own = optionsAt(names, (rest) => rest.length === 1)
  const table = own.length === 0 ? [] : [...tableOf(own), '']
  const section =
    own.length === 0 && help.length === 0 ? [] : [[`## ${title}`, '', ...help, ...table].join('\n')]
  return [...section, ...innerSections(group, names)]
}

function innerSections(group: Group<Children>, names: readonly string[]): string[] {
  const groups = Object.entries(group.children).filter(([, node]) => node.node === 'group')
  const families = Map.groupBy(groups, ([name, node]) => (node.node === 'group' && node.family) || name)
  return [...families].flatMap(([family, members]) => {
    const [name, node] = members[0]
    if (node.node !== 'group') return []
    return members.length === 1
      ? sections(node, [...names, name])
      : [
          familySection(
            family,
            members.map(([member]) => member),
            group,
            names,
          ),
        ]
  })
}

// ---- one table ----------------------------------------------------------------------------------------------

const TABLE_HEAD = ['| option | kind | default | meaning |', '|---|---|---|---|']

function optionsAt(
  names: readonly string[],
  isWanted: (rest: readonly string[]) => boolean,
): DeclaredOption[] {
  return OPTIONS.filter((option) => {
    const isInside = names.every((name, index) => option.names[index] === name)
    return isInside && isWanted(option.names.slice(names.length))
  })
}

function tableOf(options: readonly DeclaredOption[]): string[] {
  const rows = options.map((option) => {
    const name = `\`${option.names[option.names.length - 1]}\``
    return row([name, option.kind.name, defaultCell(option), meaning(option)])
  })
  return [...TABLE_HEAD, ...rows]
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function meaning(option: DeclaredOption): string {
  const zero = option.zero === undefined ? '' : ` \`0\`: ${option.zero}.`
  const short = option.short === undefined ? '' : ` Short flag: \`-${option.short}\`.`
  return option.help + zero + short
}

function defaultCell(option: DeclaredOption): string {
  const profiles = Object.entries(option.profiles).map(([name, texts]) => `${name}: ${textsCell(texts)}`)
  const standard = textsCell(option.default) + (option.isShare ? ' (a share)' : '')
  return [standard, ...profiles, whenCell(option)].filter((cell) => cell !== '').join('; ')
}

function whenCell({ when }: DeclaredOption): string {
  return when === undefined ? '' : `with \`${when.option}: ${when.is}\`: ${textsCell(when.default)}`
}

function textsCell(texts: Texts | undefined): string {
  if (texts === undefined) return 'not set'
  return texts.length === 0 ? 'none' : texts.map((text) => `\`${text}\``).join(', ')
}

// ---- groups of one family -----------------------------------------------------------------------------------

/** Options that several groups share, shown once, and then what differs between the groups. */
function familySection(
  family: string,
  members: readonly string[],
  parent: Group<Children>,
  names: readonly string[],
): string {
  const path = names.join('.')
  const inside = optionsAt([...names, members[0]], () => true)
  const shared = inside.map((option) => ({ option, rest: option.names.slice(names.length + 1) }))
  const rows = shared.map(({ option, rest }) => {
    const twins = members.map((member) => twin(names, member, rest))
    const cells = new Set(twins.map(defaultCell))
    const standard = cells.size === 1 ? defaultCell(option) : 'see below'
    return row([`\`${rest.join('.')}\``, option.kind.name, standard, meaning(option)])
  })
  const differing = shared.filter(({ rest }) => {
    return new Set(members.map((member) => defaultCell(twin(names, member, rest)))).size > 1
  })
  const tables = members.map((member) =>
    memberTable(
      member,
      parent,
      names,
      differing.map(({ rest }) => rest),
    ),
  )
  const title = `## \`${path}.<${family}>\``
  const intro = `\`<${family}>\` is ${members.map((member) => `\`${member}\``).join(', ')}.`
  return [title, '', intro, '', ...TABLE_HEAD, ...rows, '', ...tables].join('\n')
}

function twin(names: readonly string[], member: string, rest: readonly string[]): DeclaredOption {
  const path = [...names, member, ...rest].join('.')
  return OPTIONS.find((option) => option.path === path)!
}

function memberTable(
  member: string,
  parent: Group<Children>,
  names: readonly string[],
  rests: readonly (readonly string[])[],
): string {
  const node = parent.children[member]
  const help = node.node === 'group' ? node.help : ''
  const profiles = [...new Set(rests.flatMap((rest) => Object.keys(twin(names, member, rest).profiles)))]
  const head = ['', 'default', ...profiles.map((profile) => `profile ${profile}`)]
  const rows = rests.map((rest) => {
    const option = twin(names, member, rest)
    const others = profiles.map((profile) =>
      option.profiles[profile] ? textsCell(option.profiles[profile]) : '',
    )
    const standard = [textsCell(option.default), whenCell(option)].filter((cell) => cell !== '').join('; ')
    return row([`\`${rest.join('.')}\``, standard, ...others])
  })
  const path = [...names, member].join('.')
  return [`### \`${path}\``, '', help, '', row(head), `|${'---|'.repeat(head.length)}`, ...rows, ''].join(
    '\n',
  )
}
