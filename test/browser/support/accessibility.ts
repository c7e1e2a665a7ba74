import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe-core finds serious or critical on a page as it is now: the rule, and the elements that break it. */
export async function seriousFindings(page: Page): Promise<readonly string[]> {
  // As the debugger, whom the page's Content-Security-Policy does not bind.
  await page.evaluate(source)
  const violations: readonly Violation[] = await page.evaluate(
    'axe.run(document).then(found => found.violations)',
  )
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(node => node.target.join(' ')).join(', ')}`)
}

interface Violation {
  readonly id: string
  readonly impact: string | null
  readonly nodes: readonly { readonly target: readonly string[] }[]
}
