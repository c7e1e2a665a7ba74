import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Metafile } from 'esbuild'

// As seen from the sources and from the build.
const sourceFolder = fileURLToPath(new URL('../src/console/', import.meta.url))
const builtFolder = fileURLToPath(new URL('../dist/console/', import.meta.url))

/** What the first view loads beside the page's own entry. */
const firstLoaded = ['screen/overview.tsx', 'screen/records.tsx', 'part/histogram-chart.ts']

/** What the page's first view may weigh, gzipped. */
export const firstViewBytes = 120_000

const page = 'index.html'

/** What the console weighs, in bytes, gzipped. */
export interface ConsoleSize {
  readonly firstView: number
  readonly whole: number
}

/** The same in a line, with a complaint where the first view is too heavy. */
export function describeSize({ firstView, whole }: ConsoleSize): string {
  const over = firstView > firstViewBytes ? `, more than the ${kilobytes(firstViewBytes)} it may be` : ''
  return `the console: ${kilobytes(firstView)} gzipped for the first view${over}, ${kilobytes(whole)} in all`
}

/**
 * Bundles `src/console` into a folder: hashed files beside their gzip and brotli forms, and the page that
 * loads them. Throws where the development packages are missing.
 */
export async function prepareConsole(folder = builtFolder): Promise<ConsoleSize> {
  const { build } = await import('esbuild')
  const draft = `${folder.replace(/\/$/, '')}.new`
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { recursive: true })
  const { metafile, outputFiles } = await build({
    absWorkingDir: sourceFolder,
    entryPoints: ['main.tsx'],
    outdir: draft,
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: ['es2022'],
    minify: true,
    legalComments: 'none',
    charset: 'utf8',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.svg': 'file' },
    tsconfigRaw: {},
    metafile: true,
    write: false,
    logLevel: 'warning',
  })
  const files = new Map(outputFiles.map(({ path, contents }) => [path.slice(draft.length + 1), contents]))
  const { entry, style, firstView } = readMetafile(metafile)
  const icon = await readFile(join(sourceFolder, 'icon.svg'))
  const iconName = `icon-${createHash('sha256').update(icon).digest('hex').slice(0, 8)}.svg`
  files.set(iconName, icon)
  const pageText = (await readFile(join(sourceFolder, page), 'utf8'))
    .replace('main.tsx', entry)
    .replace('style/main.css', style)
    .replace('icon.svg', iconName)
  files.set(page, Buffer.from(pageText))
  const sizes = await Promise.all([...files].map(each => writeForms(draft, each)))
  await rm(folder, { recursive: true, force: true })
  await rename(draft, folder)
  const sum = (some: typeof sizes): number => some.reduce((all, { bytes }) => all + bytes, 0)
  const isFirst = ({ name }: { readonly name: string }): boolean => name === page || firstView.has(name)
  return { firstView: sum(sizes.filter(isFirst)), whole: sum(sizes) }
}

/** Writes a file as it is and compressed; tells its gzipped size. */
async function writeForms(
  folder: string,
  [name, contents]: [string, Uint8Array],
): Promise<{ name: string; bytes: number }> {
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }
  const [br, gz] = await Promise.all([
    promisify(brotliCompress)(contents, quality),
    promisify(gzip)(contents, { level: 9 }),
  ])
  const path = join(folder, name)
  await Promise.all([writeFile(path, contents), writeFile(`${path}.br`, br), writeFile(`${path}.gz`, gz)])
  return { name, bytes: gz.length }
}

/** What the page loads by name, and all that the first view needs: the entry and the first screens. */
function readMetafile({ outputs }: Metafile) {
  const named = new Map(Object.entries(outputs).map(([path, output]) => [baseName(path), output]))
  const found = [...named].find(([, { entryPoint }]) => entryPoint === 'main.tsx')
  const [entry, main] = found ?? [undefined, undefined]
  if (entry === undefined || main?.cssBundle === undefined) throw new Error('the console has no entry')
  const style = baseName(main.cssBundle)
  const firstView = new Set([entry, style])
  const screens = [...named].filter(([, { entryPoint }]) => firstLoaded.includes(entryPoint ?? ''))
  const follow = (name: string): void => {
    firstView.add(name)
    for (const { path, kind } of named.get(name)?.imports ?? []) {
      const next = baseName(path)
      if (kind === 'import-statement' && !firstView.has(next)) follow(next)
    }
  }
  follow(entry)
  for (const [name] of screens) follow(name)
  return { entry, style, firstView }
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`
}
