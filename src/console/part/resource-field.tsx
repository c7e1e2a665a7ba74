import type { Signal } from '@preact/signals'
import { useApiDocument } from '../api-document.ts'
import { text } from '../language.ts'
import { resourcesOf } from '../model/vocabulary.ts'
import { resourceTitle } from '../resource-title.ts'

/** Which kind of record. */
export function ResourceField({ resource }: { readonly resource: Signal<string> }) {
  const { document } = useApiDocument()
  const names = document === undefined ? [resource.value] : resourcesOf(document)
  return (
    <label class="field">
      <span>{text().form.resource}</span>
      <select
        class="select"
        value={resource.value}
        onChange={({ currentTarget }) => {
          resource.value = currentTarget.value
        }}
      >
        {names.map(name => (
          <option key={name} value={name}>
            {resourceTitle(name)}
          </option>
        ))}
      </select>
    </label>
  )
}
