/** What one `X_page` call answers. */
export interface Page<Row> {
  readonly rows: readonly Row[]
  /** The cursor of the page that follows, null at the end. */
  readonly next: string | null
}

/** The rows of all pages, one after the other; a page is asked for only when its first row is wanted. */
export async function* rowsOfPages<Row>(
  fetchPage: (after: string | undefined) => Promise<Page<Row>>,
): AsyncGenerator<Row, void, undefined> {
  let after: string | undefined
  while (true) {
    const page = await fetchPage(after)
    yield* page.rows
    if (page.next === null) return
    after = page.next
  }
}
