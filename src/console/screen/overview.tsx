import { useMemo, useState } from 'preact/hooks'
import { useApiDocument } from '../api-document.ts'
import { text } from '../language.ts'
import { isSpan, type Span, spans } from '../model/overview.ts'
import { recordsShapesOf } from '../model/records-shape.ts'
import { vocabularyOf } from '../model/vocabulary.ts'
import { RefreshButton, useRefresh } from '../part/auto-refresh.tsx'
import { Fault } from '../part/fault.tsx'
import { setParams } from '../router.ts'
import { Health } from './overview/health.tsx'
import { Kind } from './overview/kind.tsx'
import type { ScreenProps } from './screen.ts'

const everyMs = 10_000

/** What happened, what fails, what is slow, and what waits: each number leads to the records behind it. */
export function OverviewScreen({ params }: ScreenProps) {
  const { overview } = text()
  const { document, error } = useApiDocument()
  const shapes = useMemo(() => document && recordsShapesOf(document), [document])
  const canFail = (resource: string): boolean =>
    vocabularyOf(document, resource)?.words.has('is_failure') === true
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const span: Span = isSpan(params.since) ? params.since : '24h'
  const refresh = useRefresh(everyMs)
  const { every } = refresh
  const hide = (resource: string): void => setHidden(before => new Set(before).add(resource))
  return (
    <div class="screen overview">
      <header class="screen-head">
        <h1>{overview.title}</h1>
        <Spans chosen={span} />
        <RefreshButton {...refresh} />
      </header>
      <Fault error={error} />
      <Health every={every} />
      <div class="overview-kinds">
        {shapes
          ?.filter(shape => shape.has.stats && !hidden.has(shape.resource))
          .map(shape => (
            <Kind
              key={shape.resource}
              canFail={canFail(shape.resource)}
              {...{ shape, span, every }}
              onAbsent={hide}
            />
          ))}
      </div>
      {shapes?.every(({ resource }) => hidden.has(resource)) && <p class="absence">{overview.nothing}</p>}
    </div>
  )
}

function Spans({ chosen }: { readonly chosen: Span }) {
  const { overview } = text()
  return (
    <fieldset class="segments" aria-label={overview.span}>
      {spans.map(span => (
        <label key={span} class="segment">
          <input
            type="radio"
            name="span"
            checked={span === chosen}
            onChange={() => setParams({ since: span === '24h' ? undefined : span })}
          />
          <span>{overview.spans[span]}</span>
        </label>
      ))}
    </fieldset>
  )
}
