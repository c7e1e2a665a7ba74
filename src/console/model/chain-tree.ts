/** What the view of a chain needs to know of a node of `event-log_chain`. Times are epoch milliseconds. */
export interface ChainRow {
  readonly id: number
  readonly full_name: string
  readonly status: string
  readonly node_id: string
  readonly parent_node_id: string | null
  readonly created_time: number
  readonly start_time: number | null
  readonly finish_time: number | null
  readonly error_message: string | null
  /** From 0. */
  readonly depth: number
}

/** A row at its place in the tree. */
export interface ChainNode<Row extends ChainRow = ChainRow> {
  readonly row: Row
  /** How many nodes it set off, and they. They follow it. */
  readonly below: number
}

/** The nodes in the order of `event-log_chain`: each before what it set off. */
export function nodesOf<Row extends ChainRow>(rows: readonly Row[]): readonly ChainNode<Row>[] {
  const ends: number[] = new Array(rows.length)
  // The nodes whose end is not known yet, from the outermost.
  const open: number[] = []
  const close = (depth: number, end: number): void => {
    while (open.length > depth) ends[open.pop() ?? 0] = end
  }
  for (const [at, { depth }] of rows.entries()) {
    close(depth, at)
    open.push(at)
  }
  close(0, rows.length)
  return rows.map((row, at) => ({ row, below: (ends[at] ?? at + 1) - at - 1 }))
}

/** The nodes that are shown where those in `closed` (by the id of their row) hide what they set off. */
export function visibleNodes<Row extends ChainRow>(
  nodes: readonly ChainNode<Row>[],
  closed: ReadonlySet<number>,
): readonly ChainNode<Row>[] {
  if (closed.size === 0) return nodes
  const visible: ChainNode<Row>[] = []
  for (let at = 0; at < nodes.length; at++) {
    const node = nodes[at]
    if (node === undefined) break
    visible.push(node)
    if (closed.has(node.row.id)) at += node.below
  }
  return visible
}

/** The rows that lead to a row, from the first. */
export function wayTo<Row extends ChainRow>(nodes: readonly ChainNode<Row>[], id: number): readonly Row[] {
  const way: Row[] = []
  const at = nodes.findIndex(({ row }) => row.id === id)
  let depth = nodes[at]?.row.depth ?? 0
  for (let before = at - 1; before >= 0 && depth > 0; before--) {
    const node = nodes[before]
    if (node === undefined || node.row.depth >= depth) continue
    way.push(node.row)
    depth = node.row.depth
  }
  return way.reverse()
}

/** What became of a chain. */
export interface ChainSummary<Row extends ChainRow = ChainRow> {
  readonly count: number
  readonly status: 'running' | 'success' | 'fail' | null
  readonly byStatus: Readonly<Record<string, number>>
  /** When its first row was made. */
  readonly began: number
  /** When the last one ended; while one has not, undefined. */
  readonly ended: number | undefined
  /** The failure that came first. */
  readonly firstFailure: Row | undefined
}

export function summarizeChain<Row extends ChainRow>(nodes: readonly ChainNode<Row>[]): ChainSummary<Row> {
  const byStatus: Record<string, number> = {}
  let began = Number.POSITIVE_INFINITY
  let ended = 0
  let firstFailure: Row | undefined
  for (const { row } of nodes) {
    byStatus[row.status] = (byStatus[row.status] ?? 0) + 1
    began = Math.min(began, row.created_time)
    ended = Math.max(ended, endOf(row))
    if (row.status === 'fail' && (firstFailure === undefined || isBefore(row, firstFailure)))
      firstFailure = row
  }
  const isOpen = byStatus.waiting !== undefined || byStatus.running !== undefined
  const status = firstFailure !== undefined ? 'fail' : isOpen ? 'running' : 'success'
  return {
    count: nodes.length,
    status: nodes.length === 0 ? null : status,
    byStatus,
    began: nodes.length === 0 ? 0 : began,
    ended: isOpen || nodes.length === 0 ? undefined : ended,
    firstFailure,
  }
}

function isBefore(a: ChainRow, b: ChainRow): boolean {
  return endOf(a) - endOf(b) < 0 || (endOf(a) === endOf(b) && a.id < b.id)
}

function endOf({ finish_time: finish, created_time: created }: ChainRow): number {
  return finish ?? created
}

/** A row's bar in the waterfall, each a share (0 to 1) of the whole time. */
export interface ChainBar {
  /** From its making on it waited, */
  readonly waits: number
  /** from here on it ran, */
  readonly runs: number
  /** and here it ended. */
  readonly ends: number
}

/** `began` and `ended`: the whole time; what still waits or runs does so until `ended`. */
export function barOf(row: ChainRow, began: number, ended: number): ChainBar {
  const share = (time: number): number =>
    Math.max(0, Math.min(1, (time - began) / Math.max(1, ended - began)))
  const end = row.finish_time ?? ended
  return { waits: share(row.created_time), runs: share(row.start_time ?? end), ends: share(end) }
}
