import { useState } from 'preact/hooks'
import { stringifyJson } from '../../json.ts'
import { formatDuration } from '../format.ts'
import { text } from '../language.ts'
import { recordsHref } from '../model/place.ts'
import { ConsoleLines } from '../part/console-lines.tsx'
import { Fault } from '../part/fault.tsx'
import { Icon } from '../part/icon.tsx'
import { JsonTree } from '../part/json-tree.tsx'
import { StateBadge } from '../part/state-badge.tsx'
import { JsonField } from '../part/value-field.tsx'
import { type RunRow, useRun } from './use-run.ts'

/** What runs which entry point of a script. */
const runTypes = ['call', 'event', 'cron', 'inline_call', 'route'] as const

export interface RunPanelProps {
  readonly name: string
  /** Whether what would run is not what is in the editor. */
  readonly isChanged: boolean
  /** Saves what is in the editor; false where that does not work. */
  readonly onSave: () => Promise<boolean>
}

/** Runs a script with parameters, and shows what it writes while it runs, and what it returns. */
export function RunPanel({ name, isChanged, onSave }: RunPanelProps) {
  const { scripts } = text()
  const [runType, setRunType] = useState<string>('call')
  const [params, setParams] = useState<unknown>({})
  const [error, setError] = useState<unknown>(undefined)
  const { run, lines, refused, start } = useRun(name)

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    setError(undefined)
    if (isChanged && !(await onSave())) return
    try {
      await start({ runType, params })
    } catch (fault) {
      setError(fault)
    }
  }

  return (
    <section class="run-panel" aria-label={scripts.run}>
      <form class="run-form" onSubmit={submit}>
        <label class="field">
          <span>{scripts.runType}</span>
          <select
            class="select"
            value={runType}
            onChange={({ currentTarget }) => setRunType(currentTarget.value)}
          >
            {runTypes.map(each => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        </label>
        <div class="field">
          <span>{scripts.params}</span>
          <JsonField label={scripts.params} input={{ type: 'json' }} value={params} onChange={setParams} />
        </div>
        <button type="submit" class="button button-primary">
          <Icon name="play" /> {isChanged ? scripts.saveAndRun : scripts.run}
        </button>
      </form>
      <Fault error={error} />
      {run !== undefined && (
        <div class="run-output" aria-live="polite">
          <Outcome id={run.id} row={run.row} />
          <h2>{scripts.console}</h2>
          {refused !== undefined && <p class="absence">{text().app.notAvailable}</p>}
          {refused === undefined && lines.length === 0 && <p class="muted">{scripts.noLines}</p>}
          {lines.length > 0 && <ConsoleLines lines={lines} />}
        </div>
      )}
    </section>
  )
}

function Outcome({ id, row }: { readonly id: number; readonly row: RunRow | undefined }) {
  const { scripts } = text()
  const isOver = row?.finish_time !== null && row !== undefined
  const state = !isOver ? 'running' : row.error_message === null ? 'success' : 'failure'
  return (
    <>
      <p class="form-row">
        <StateBadge state={state} />
        {isOver && row.start_time !== null && row.finish_time !== null && (
          <span class="muted">{formatDuration(row.finish_time - row.start_time)}</span>
        )}
        <a href={recordsHref('js-result', [{ id }], { record: String(id) })}>{scripts.record(id)}</a>
      </p>
      {row?.error_message != null && (
        <pre class="error-text" dir="auto">
          {row.error_message}
        </pre>
      )}
      {state === 'success' && row !== undefined && (
        <JsonTree label={scripts.result} source={stringifyJson(row.result)} isOpen />
      )}
    </>
  )
}
