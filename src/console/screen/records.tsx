import { useEffect } from 'preact/hooks'
import { text } from '../language.ts'
import { hrefOf } from '../model/place.ts'
import { Fault } from '../part/fault.tsx'
import { useKinds } from '../records/kinds.ts'
import { RecordsView } from '../records/records-view.tsx'
import { resourceTitle } from '../resource-title.ts'
import { go } from '../router.ts'
import type { ScreenProps } from './screen.ts'

/** Records of any kind, a tab each. */
export function RecordsScreen({ rest: [resource], params }: ScreenProps) {
  const { kinds, error } = useKinds()
  const { records, app } = text()
  const first = kinds?.shapes[0]?.resource
  // An address that is passed on names what it shows.
  useEffect(() => {
    if (resource === undefined && first !== undefined) {
      go({ path: ['records', first], params }, { replace: true })
    }
  }, [resource, first, params])
  if (kinds === undefined) {
    return error === undefined ? <p class="absence">{app.loading}</p> : <Fault error={error} />
  }
  const { shapes } = kinds
  const shape = shapes.find(each => each.resource === resource)
  const vocabulary = shape && kinds.vocabularyOf(shape.resource)
  return (
    <div class="records-screen">
      <header class="records-head">
        <h1>{records.title}</h1>
        <ul class="tabs" aria-label={records.kinds}>
          {shapes.map(({ resource: name }) => (
            <li key={name}>
              <a
                href={hrefOf({ path: ['records', name], params: {} })}
                aria-current={name === shape?.resource ? 'page' : undefined}
              >
                {resourceTitle(name)}
              </a>
            </li>
          ))}
        </ul>
      </header>
      {shape === undefined || vocabulary === undefined ? (
        resource !== undefined && <p class="absence">{app.notFound}</p>
      ) : (
        <RecordsView key={shape.resource} shape={shape} vocabulary={vocabulary} params={params} />
      )}
    </div>
  )
}
