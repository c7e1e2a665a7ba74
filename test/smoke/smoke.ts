/**
 * Does what the pages say: pastes every runnable block, in order, into a terminal in a fresh checkout beside a server that was
 * started as README starts it, and compares what is printed with what the page shows. `npm run smoke -- docs/events.md` runs
 * the pages that it names. A block that is neither run nor says why not is a failure.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Checkout, makeCheckout } from './checkout.ts'
import { type Block, listPages, readBlocks } from './page-blocks.ts'
import { isShown, shownAnswer, withoutLayout } from './shown-answer.ts'
import { openTerminal, type Terminal } from './terminal.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

const isRun = ({ mark }: Block): boolean => mark !== 'not run' && mark !== 'shown'

/** Saves a program of a page; a TypeScript one has to pass the checks that ours pass, against the types of the package. */
function saveProgram({ folder }: Checkout, { language, note: name, text }: Block): void {
  writeFileSync(join(folder, name), text)
  if (language !== 'ts') return
  const config = { extends: './tsconfig.json', compilerOptions: { paths: {} }, include: [name] }
  writeFileSync(join(folder, 'tsconfig.page.json'), JSON.stringify(config))
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.page.json'], {
    cwd: folder,
    stdio: 'inherit',
  })
}

async function runPage(checkout: Checkout, page: string, blocks: readonly Block[]): Promise<void> {
  checkout.clean()
  const open: Terminal[] = []
  const openNext = (): Terminal => {
    const terminal = openTerminal(checkout.folder, checkout.env)
    open.push(terminal)
    return terminal
  }
  const startServer = (text: string): Promise<void> => {
    const terminal = openNext()
    terminal.start(text)
    return terminal.waitFor(printed => printed.includes('listens on'), 'the server')
  }
  // On the usual port; a page may start others beside it.
  const hasServer = blocks.some(({ mark, text }) => mark === 'server' && !text.includes('PORT='))
  try {
    if (!blocks.some(({ text }) => text.startsWith('npm ci\n'))) checkout.install()
    if (!hasServer) await startServer('npm start')
    const main = openNext()
    let background = main
    let said = ''
    for (const block of blocks.filter(isRun)) {
      const { language, mark, text, line } = block
      const where = `${page}:${line}`
      console.log(`== ${where}`)
      if (mark === 'server') await startServer(text)
      else if (mark === 'file') saveProgram(checkout, block)
      else if (mark === 'runnable') said = await main.paste(text)
      else if (mark === 'answer') {
        assert.ok(isShown(language, text, said), `${where} shows\n${text}\nbut this was printed\n${said}`)
      } else if (mark === 'background') {
        background = openNext()
        background.start(text)
        await background.waitFor(printed => printed !== '', `a first word of ${where}`)
        await background.settle()
      } else {
        const shown = shownAnswer(language, text)
        await background.waitFor(
          printed => shown.test(withoutLayout(language, printed)),
          `what ${where} shows`,
        )
      }
    }
  } finally {
    for (const terminal of open.reverse()) await terminal.close()
  }
}

// The pages speak to the usual port: another server there would get what they send.
const occupied = await fetch('http://127.0.0.1:7411/livez').then(
  () => true,
  () => false,
)
assert.ok(!occupied, 'something answers on port 7411: stop it first')

const checkout = makeCheckout(root)
try {
  let count = 0
  const faults: string[] = []
  const asked = process.argv.slice(2)
  const pages = listPages(root)
  for (const page of asked) assert.ok(pages.includes(page), `there is no page ${page}`)
  for (const page of pages.filter(page => asked.length === 0 || asked.includes(page))) {
    const blocks = readBlocks(root, page)
    for (const { line, mark, note } of blocks) {
      if (mark === 'not run') console.log(`== ${page}:${line} is not run: ${note}`)
    }
    if (!blocks.some(isRun)) continue
    // One page that is wrong hides no other.
    await runPage(checkout, page, blocks).catch(error =>
      faults.push(`${page}: ${error instanceof Error ? error.message : error}`),
    )
    count += blocks.filter(isRun).length
  }
  for (const fault of faults) console.error(`FAILED: ${fault}`)
  if (faults.length > 0) process.exitCode = 1
  else console.log(`${count} blocks do what the pages say`)
} finally {
  checkout.remove()
}
