import { useSignal } from '@preact/signals'
import { stringifyJson } from '../../json.ts'
import { text } from '../language.ts'
import type { RecordRow } from '../model/record-row.ts'
import type { RecordsShape } from '../model/records-shape.ts'
import { Confirm } from '../part/confirm.tsx'
import { Icon } from '../part/icon.tsx'
import { setParams } from '../router.ts'
import { showFault, showNote } from '../toast.ts'
import { readPage } from './api.ts'
import { specialOf } from './special.ts'

export interface RunAgainProps {
  readonly row: RecordRow
  readonly shape: RecordsShape
}

/** What is shown of the parameters before they are used again. */
const shownLength = 2000

/** Does what a record tells of once more, after asking. */
export function RunAgain({ row, shape: { resource, key, namedBy } }: RunAgainProps) {
  const { records } = text()
  const { runAgain, againNeeds } = specialOf(resource)
  const whole = useSignal<RecordRow | undefined>(undefined)
  if (runAgain === undefined) return null

  async function ask(): Promise<void> {
    if (againNeeds === undefined) {
      whole.value = row
      return
    }
    try {
      const page = { condition: [{ [key]: row[key] }], fields: [againNeeds] }
      const { rows } = await readPage(resource, page)
      whole.value = { ...row, ...rows[0] }
    } catch (error) {
      showFault(error)
    }
  }

  return (
    <>
      <button type="button" class="button button-small" onClick={() => void ask()}>
        <Icon name="reload" size={14} /> {records.again}
      </button>
      {whole.value !== undefined && (
        <Confirm
          title={records.again}
          action={records.again}
          isDanger={false}
          onClose={() => {
            whole.value = undefined
          }}
          onConfirm={async () => {
            const id = await runAgain(whole.peek() ?? row)
            showNote(records.ranAgain)
            if (typeof id === 'number') setParams({ record: String(id) })
          }}
        >
          <p>
            {records.againOf} <strong>{String(row[namedBy])}</strong>
          </p>
          {againNeeds !== undefined && (
            <pre class="code">{stringifyJson(whole.value[againNeeds] ?? null).slice(0, shownLength)}</pre>
          )}
        </Confirm>
      )}
    </>
  )
}
