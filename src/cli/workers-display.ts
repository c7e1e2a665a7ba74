import type { Command } from 'commander'
import type { ScriptWorker, ScriptWorkerSummary } from '../client/client.ts'
import { durationText } from './duration-text.ts'
import { writeLines } from './output.ts'
import { isForPeople } from './presentation.ts'
import type { Session } from './session.ts'
import { visibleText } from './visible-text.ts'

/** What fits a line of a terminal. */
export function briefWorker(worker: ScriptWorkerSummary): object {
  const { name, route_name, schedule, next_fire_time, updated_time } = worker
  return { name, route_name, schedule: schedule?.cron ?? null, next_fire_time, updated_time }
}

/** Shows a worker without its source: whoever gave it need not see it again. */
export function showDefinition(worker: ScriptWorker, session: Session, command: Command): Promise<void> {
  const { js_script_base64: _, ...rest } = worker
  return session.output.record(isForPeople(command, session) ? readable(rest) : rest)
}

/** Shows a worker and its source: as text on a terminal, as base64 otherwise. */
export async function showWorker(worker: ScriptWorker, session: Session, command: Command): Promise<void> {
  if (!isForPeople(command, session)) return session.output.record(worker)
  await showDefinition(worker, session, command)
  await writeLines(session.stdout, ['', ...sourceLines(worker)])
}

/** Lengths of time, whose names end like those of moments, as what they are. */
function readable<Worker extends Omit<ScriptWorker, 'js_script_base64'>>(worker: Worker): object {
  const { max_run_time: run, runtime_clean_time: clean } = worker
  return {
    ...worker,
    ...(run !== null && { max_run_time: durationText(run) }),
    ...(clean !== null && { runtime_clean_time: durationText(clean) }),
  }
}

function sourceLines({ js_script_base64: encoded }: ScriptWorker): readonly string[] {
  const source = Buffer.from(encoded, 'base64').toString()
  return source
    .trimEnd()
    .split(/\r?\n/)
    .map(line => visibleText(line.replaceAll('\t', '  ')))
}
