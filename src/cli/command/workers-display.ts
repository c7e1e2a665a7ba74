import type { ScriptWorker } from '../../client/client.ts'
import type { Session } from '../argument/session.ts'
import { visibleText } from '../terminal/visible-text.ts'

/** Shows a worker without its source: whoever gave it need not see it again. */
export function showDefinition(worker: ScriptWorker, { output }: Session): Promise<void> {
  const { js_script_base64: _, ...rest } = worker
  return output.record(rest)
}

/** Shows a worker and its source: as text on a terminal, as base64 otherwise. */
export async function showWorker(worker: ScriptWorker, session: Session): Promise<void> {
  const { output, presentation } = session
  if (presentation.format !== 'table') return output.record(worker)
  await showDefinition(worker, session)
  await output.lines(['', ...sourceLines(worker)])
}

function sourceLines({ js_script_base64: encoded }: ScriptWorker): readonly string[] {
  const source = Buffer.from(encoded, 'base64').toString()
  return source
    .trimEnd()
    .split(/\r?\n/)
    .map(line => visibleText(line.replaceAll('\t', '  ')))
}
