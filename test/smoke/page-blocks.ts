import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * What the words behind a fence's language say of its block:
 * - `runnable`: a shell block is pasted into the page's terminal; a program (`ts runnable worker.ts`) is saved under its name.
 * - `runnable background`: goes on in a terminal of its own until the page ends. `runnable server`: so does a server.
 * - `answer`: what the runnable block before it prints. `answer background`: what the last background block prints.
 * - `not run: …`: a shell block or program that cannot be run here, and why.
 */
export type Mark =
  | 'runnable'
  | 'background'
  | 'server'
  | 'answer'
  | 'answer background'
  | 'file'
  | 'not run'
  | 'shown'

/** A fenced block of a page. */
export interface Block {
  readonly language: string
  readonly mark: Mark
  /** The name under which a program is saved, or why the block is not run. */
  readonly note: string
  readonly text: string
  /** Of the fence that opens it, from 1. */
  readonly line: number
}

/** The pages that people read, as paths in the repository, README first. */
export function listPages(root: string): readonly string[] {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  const pages = docs.filter(path => path.endsWith('.md')).map(path => `docs/${path.replaceAll('\\', '/')}`)
  return ['README.md', 'examples/README.md', ...pages.toSorted(), 'CONTRIBUTING.md', 'SECURITY.md']
}

const commands = new Set(['sh', 'bash'])
const programs = new Set(['ts', 'js', 'python'])

/** The blocks of a page, in order. Throws where a fence is not closed or its marks are wrong. */
export function readBlocks(root: string, page: string): readonly Block[] {
  const source = readFileSync(join(root, page), 'utf8')
  const blocks = [...source.matchAll(/^```(\S*)(.*)\n([\s\S]*?)^```$/gm)].map(
    ([, language = '', marks = '', text = ''], i, all) => {
      const line = source.slice(0, all[i]?.index).split('\n').length
      return { language, text, line, ...markOf(language, marks.trim(), `${page}:${line}`) }
    },
  )
  const fences = source.match(/^\s*(?:```|~~~)/gm) ?? []
  if (fences.length !== 2 * blocks.length) throw new Error(`${page}: a fence is not closed, or is indented`)
  return blocks
}

function markOf(language: string, marks: string, where: string): Pick<Block, 'mark' | 'note'> {
  const [, reason] = /^not run: (.+)$/.exec(marks) ?? []
  if (reason !== undefined) return { mark: 'not run', note: reason }
  const [, name] = /^runnable ([\w.-]+\.\w+)$/.exec(marks) ?? []
  if (name !== undefined && programs.has(language)) return { mark: 'file', note: name }
  if (commands.has(language)) {
    if (marks === 'runnable') return { mark: 'runnable', note: '' }
    if (marks === 'runnable background') return { mark: 'background', note: '' }
    if (marks === 'runnable server') return { mark: 'server', note: '' }
  } else if (!programs.has(language)) {
    if (marks === '') return { mark: 'shown', note: '' }
    if (marks === 'answer' || marks === 'answer background') return { mark: marks, note: '' }
  }
  throw new Error(`${where}: "${language} ${marks}" says neither how the block is run nor why it is not`)
}
