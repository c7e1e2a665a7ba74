import { text } from '../language.ts'
import type { ConsoleLine } from '../model/run-trace.ts'
import { Moment } from './moment.tsx'

/** What a script wrote to its console. */
export function ConsoleLines({ lines }: { readonly lines: readonly ConsoleLine[] }) {
  return (
    <ol class="lines" aria-label={text().records.console}>
      {lines.map(({ key, time, level, message }) => (
        <li key={key} class={`line line-${level.toLowerCase()}`}>
          <Moment ms={time} /> <span class="line-level">{level}</span>{' '}
          <span class="line-text" dir="auto">
            {message}
          </span>
        </li>
      ))}
    </ol>
  )
}
