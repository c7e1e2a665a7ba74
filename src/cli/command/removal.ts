import type { Surroundings } from '../argument/surroundings.ts'
import { UsageError } from '../terminal/failure.ts'
import { askYesNo, canAsk } from '../terminal/question.ts'
import { visibleText } from '../terminal/visible-text.ts'

interface RemovalFlags {
  readonly yes?: true
}

/** Throws UsageError when --yes is missing and nobody is there to be asked. */
export function requireConfirmable({ yes }: RemovalFlags, surroundings: Surroundings): void {
  if (yes !== true && !canAsk(surroundings)) throw new UsageError('nobody to ask: add --yes to delete')
}

/** Whether `what`, e.g. `handler app.mail`, may be deleted: asks unless --yes was given. */
export async function confirmRemoval(
  what: string,
  { yes }: RemovalFlags,
  surroundings: Surroundings,
): Promise<boolean> {
  return yes === true || askYesNo(`Delete ${visibleText(what)}?`, surroundings)
}
