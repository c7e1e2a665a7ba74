/** A monitor, as `monitor_list` answers it. */
export interface MonitorDefinition {
  readonly name: string
  readonly owner: string
  readonly resource: string
  readonly query: { readonly condition: readonly unknown[] }
  readonly window_ms: number
  readonly every_ms: number
  readonly when: { readonly at_least: number } | { readonly at_most: number }
  readonly for_ms: number
  readonly event: {
    readonly sender: string
    readonly event_type: string
    readonly kwargs: Readonly<Record<string, unknown>>
  }
  readonly enabled: boolean
}

export type MonitorState = 'ok' | 'pending' | 'firing' | 'unknown'

/** Where it stands, as `monitor_status` answers it. */
export interface MonitorStanding {
  readonly name: string
  readonly owner: string
  readonly state: MonitorState
  readonly since: number
  readonly count: number | null
  readonly evaluated_time: number | null
  readonly next_time: number | null
  readonly last_error: string | null
  readonly transitions: readonly {
    readonly time: number
    readonly state: MonitorState
    readonly count: number | null
  }[]
}

/** A monitor and where it stands. */
export interface Monitor {
  readonly definition: MonitorDefinition
  readonly standing: MonitorStanding | undefined
}

/** Both halves of each monitor: names are unique for an owner. */
export function joinMonitors(
  definitions: readonly MonitorDefinition[],
  standings: readonly MonitorStanding[],
): readonly Monitor[] {
  const keyOf = ({ name, owner }: Pick<MonitorDefinition, 'name' | 'owner'>): string =>
    JSON.stringify([owner, name])
  const found = new Map(standings.map(standing => [keyOf(standing), standing]))
  return definitions.map(definition => ({ definition, standing: found.get(keyOf(definition)) }))
}
