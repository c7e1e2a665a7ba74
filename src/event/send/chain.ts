/** What a chain needs to know of an event-log row, as it goes over the wire. */
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
}

/** A row at its place in the tree; `depth` counts from 0, `duration_ms` is finish minus start. */
export type ChainNode<Row extends ChainRow> = Row & {
  readonly depth: number
  readonly duration_ms: number | null
}

export interface FirstFailure {
  readonly id: number
  readonly full_name: string
  readonly node_id: string
  readonly error_message: string | null
}

export interface Chain<Row extends ChainRow> {
  /** Each node before what it set off, siblings in the order in which they were made. */
  readonly nodes: readonly ChainNode<Row>[]
  /** `fail` when one failed, else `running` while one has not ended, else `success`; null for none. */
  readonly status: 'running' | 'success' | 'fail' | null
  /** From the first row's making to the last one's end; null while one has not ended. */
  readonly duration_ms: number | null
  /** The failure that came first. */
  readonly first_failure: FirstFailure | null
}

export interface ChainCut {
  /** The root; undefined: every row whose parent is not among them. */
  readonly nodeId: string | undefined
  /** How many levels below the root; undefined: all. */
  readonly depth: number | undefined
}

/** Orders the rows of one chain as a tree. Clients write rows too: a circle of parents is shown once, from its oldest row. */
export function orderChain<Row extends ChainRow>(
  rows: readonly Row[],
  { nodeId, depth }: ChainCut,
): Chain<Row> {
  const oldest = rows.toSorted((a, b) => a.created_time - b.created_time || a.id - b.id)
  const children = Map.groupBy(oldest, row => row.parent_node_id)
  const known = new Set(oldest.map(row => row.node_id))
  const isRoot = (row: Row): boolean =>
    nodeId === undefined
      ? row.parent_node_id === null || !known.has(row.parent_node_id)
      : row.node_id === nodeId
  const nodes: ChainNode<Row>[] = []
  const seen = new Set<number>()
  const maxLevel = depth ?? Number.POSITIVE_INFINITY

  function walk(roots: readonly Row[]): void {
    // Not by recursion: a chain that clients wrote may be ten thousand deep.
    const stack = roots.toReversed().map(row => ({ row, level: 0 }))
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { row, level } = next
      if (seen.has(row.id)) continue
      seen.add(row.id)
      if (level <= maxLevel) nodes.push({ ...row, depth: level, duration_ms: durationOf(row) })
      // Rows of one node share its children: the first shows them.
      const below = children.get(row.node_id) ?? []
      for (const child of below.toReversed()) stack.push({ row: child, level: level + 1 })
    }
  }

  walk(oldest.filter(isRoot))
  if (nodeId === undefined) for (const row of oldest) walk([row])
  return { nodes, ...summaryOf(nodes) }
}

function durationOf({ start_time: start, finish_time: finish }: ChainRow): number | null {
  return start === null || finish === null ? null : finish - start
}

function summaryOf(nodes: readonly ChainRow[]): Omit<Chain<ChainRow>, 'nodes'> {
  if (nodes.length === 0) return { status: null, duration_ms: null, first_failure: null }
  const failures = nodes.filter(node => node.status === 'fail')
  const open = nodes.some(node => node.status === 'waiting' || node.status === 'running')
  const [first] = failures.toSorted((a, b) => endOf(a) - endOf(b) || a.id - b.id)
  const began = Math.min(...nodes.map(node => node.created_time))
  const ended = Math.max(...nodes.map(endOf))
  return {
    status: first !== undefined ? 'fail' : open ? 'running' : 'success',
    duration_ms: open ? null : ended - began,
    first_failure: first === undefined ? null : failureOf(first),
  }
}

function endOf({ finish_time: finish, created_time: created }: ChainRow): number {
  return finish ?? created
}

function failureOf({ id, full_name, node_id, error_message }: ChainRow): FirstFailure {
  return { id, full_name, node_id, error_message }
}
