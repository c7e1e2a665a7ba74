import { text } from '../language.ts'
import { Fault } from '../part/fault.tsx'
import { useKinds } from '../records/kinds.ts'
import { RecordsView } from '../records/records-view.tsx'
import type { ScreenProps } from './screen.ts'

const resource = 'audit-log'

/** Who did what: records like all others, at a place of their own. */
export function AuditScreen({ params }: Pick<ScreenProps, 'params'>) {
  const { kinds, error } = useKinds()
  const { nav, app } = text()
  if (kinds === undefined) {
    return error === undefined ? <p class="absence">{app.loading}</p> : <Fault error={error} />
  }
  const shape = kinds.shapes.find(each => each.resource === resource)
  const vocabulary = kinds.vocabularyOf(resource)
  return (
    <div class="records-screen">
      <header class="records-head">
        <h1>{nav.audit}</h1>
      </header>
      {shape === undefined || vocabulary === undefined ? (
        <p class="absence">{app.notAvailable}</p>
      ) : (
        <RecordsView shape={shape} vocabulary={vocabulary} params={params} />
      )}
    </div>
  )
}
