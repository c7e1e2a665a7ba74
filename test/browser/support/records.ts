import type { Locator, Page } from 'playwright-core'

/** The place of the records of a resource that fulfil the conditions. */
export function recordsPlace(
  resource: string,
  condition: readonly unknown[] = [],
  params: Readonly<Record<string, string>> = {},
): string {
  return `records/${resource}?${new URLSearchParams({ condition: JSON.stringify(condition), ...params })}`
}

/** The rows of the table that are drawn, without its head. */
export function rowsOf(page: Page): Locator {
  return page.getByRole('grid').locator('.grid-window > [role=row]')
}

/** The number of records that the page says there are. */
export async function totalOf(page: Page): Promise<number> {
  const total = page.locator('.records-total strong')
  await total.waitFor()
  return Number((await total.textContent())?.replaceAll(/\D/g, ''))
}

/** What the first cell of each drawn row says, from the top. */
export function firstCells(page: Page): Promise<readonly string[]> {
  return rowsOf(page).evaluateAll(rows => rows.map(row => row.firstElementChild?.textContent ?? ''))
}
