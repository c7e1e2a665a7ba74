import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type Block, listPages, readBlocks } from './smoke/page-blocks.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const pages = listPages(root)

const textOf = (page: string): string => readFileSync(join(root, page), 'utf8').replace(/^```.*?^```$/gms, '')

interface Link {
  readonly target: string
  /** Of a heading of the target; undefined: the target itself. */
  readonly anchor: string | undefined
}

/** The links of a page that lead to files of the repository. */
function linksOf(page: string): readonly Link[] {
  return [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, address = '']) => address)
    .filter(address => !/^[a-z]+:/.test(address))
    .map(address => {
      const [path = '', anchor] = address.split('#')
      return { target: path === '' ? page : relative(root, resolve(root, dirname(page), path)), anchor }
    })
}

/** The anchors that GitHub gives the headings of a page. */
function anchorsOf(page: string): ReadonlySet<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of textOf(page).matchAll(/^#+ (.+)$/gm)) {
    const anchor = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
      .replaceAll(' ', '-')
    let name = anchor
    for (let i = 1; anchors.has(name); i++) name = `${anchor}-${i}`
    anchors.add(name)
  }
  return anchors
}

describe('the pages of README and docs', () => {
  it('are all reached from README by links', () => {
    const reached = new Set(['README.md'])
    for (const page of reached) {
      for (const { target } of linksOf(page)) if (pages.includes(target)) reached.add(target)
    }
    expect([...reached].toSorted()).toEqual(pages.toSorted())
  })

  it('hold no link that leads nowhere', () => {
    const broken = pages.flatMap(page =>
      linksOf(page)
        .filter(({ target, anchor }) => {
          if (!existsSync(join(root, target))) return true
          return anchor !== undefined && !anchorsOf(target).has(anchor)
        })
        .map(({ target, anchor = '' }) => `${page}: ${target}#${anchor}`),
    )
    expect(broken).toEqual([])
  })

  it('name only files and folders that there are', () => {
    const absent = ['README.md', 'CONTRIBUTING.md', 'docs/architecture.md'].flatMap(page =>
      [...textOf(page).matchAll(/`((?:src|test|docs|sql|examples|\.ci)\/[\w./-]*)`/g)]
        .map(([, path = '']) => path)
        .filter(path => !/NNNN|what\.ts$/.test(path) && !existsSync(join(root, path)))
        .map(path => `${page}: ${path}`),
    )
    expect(absent).toEqual([])
  })

  it('say of each shell block and program how CI runs it, or why it does not', () => {
    const blocks = pages.flatMap(page => readBlocks(root, page))
    expect(blocks.filter(({ mark }) => mark === 'runnable').length).toBeGreaterThan(10)
  })

  it('show an answer only after what prints it, and run each program that is to be saved', () => {
    const faults = pages.flatMap(page => {
      const blocks = readBlocks(root, page)
      return blocks.flatMap((block, i) => {
        const before = blocks.slice(0, i)
        return isInOrder(block, before, blocks.slice(i)) ? [] : [`${page}:${block.line}`]
      })
    })
    expect(faults).toEqual([])
  })
})

function isInOrder({ mark, note }: Block, before: readonly Block[], after: readonly Block[]): boolean {
  if (mark === 'answer') return before.at(-1)?.mark === 'runnable'
  if (mark === 'answer background') return before.some(block => block.mark === 'background')
  if (mark !== 'file') return true
  return after.some(block => block.text.includes(note) && /^(?:runnable|background)$/.test(block.mark))
}

describe('README', () => {
  it('is short', () => {
    expect(readFileSync(join(root, 'README.md'), 'utf8').split('\n').length).toBeLessThan(160)
  })

  it('names each folder of src in its code map', () => {
    const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter(entry =>
      entry.isDirectory(),
    )
    const map = readFileSync(join(root, 'README.md'), 'utf8').split('## Code map')[1] ?? ''
    expect(folders.map(({ name }) => name).filter(name => !map.includes(`\`src/${name}\``))).toEqual([])
  })
})
