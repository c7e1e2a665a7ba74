import type { Guest } from './guest.ts'
import type { RunOrder } from './message.ts'
import { failed, maxResultBytes, type ScriptOutcome } from './script.ts'
import {
  importFaultOf,
  isOfParsing,
  outcomeOfSyntax,
  outcomeOfThrown,
  outOfMemory,
  syntaxFaultOf,
  type Thrown,
} from './thrown.ts'

export interface VerdictOptions {
  readonly order: RunOrder
  readonly guest: Guest
  readonly isCancelled: () => boolean
  readonly isLate: () => boolean
}

/** How a run ends: what comes first counts. */
export function createVerdict({ order, guest, isCancelled, isLate }: VerdictOptions) {
  let outcome: ScriptOutcome | undefined
  /** What the entry point returned. The jobs that are ready still run: one of them may be what fails the run. */
  let returned: ScriptOutcome | undefined
  let imported: string | undefined

  function end(result: ScriptOutcome): void {
    outcome ??= result
  }

  /** True when the script must stop: called again and again while it runs. */
  function interrupt(): boolean {
    if (isCancelled()) end(failed('script_cancelled', 'it was cancelled'))
    if (isLate()) end(timedOut())
    return outcome !== undefined
  }

  function timedOut(): ScriptOutcome {
    return failed('script_timeout', `did not end within ${order.limits.maxRunMs} ms`)
  }

  function endWith(thrown: Thrown, label?: string): void {
    // With no heap left for the error of that, QuickJS throws null.
    end(thrown.empty && guest.vm.isFull() ? outOfMemory() : outcomeOfThrown(thrown, label))
  }

  return {
    outcome: () => outcome,
    end,
    interrupt,
    endWith,
    /** As in Node, an unhandled rejection fails the run. */
    endIfRejected(thrown: Thrown | undefined): void {
      if (thrown !== undefined) endWith(thrown, 'unhandled rejection: ')
    },
    endLoading(thrown: Thrown): void {
      if (imported !== undefined) end(outcomeOfSyntax(importFaultOf(order.source, imported)))
      else if (isOfParsing(thrown, order.name)) end(outcomeOfSyntax(syntaxFaultOf(thrown)))
      else endWith(thrown)
    },
    onImport(specifier: string): void {
      imported ??= specifier
    },
    /** The entry point returned this JSON text; the deadline is for its making too. */
    setReturned(text: string): void {
      returned ??= interrupt() ? timedOut() : returnedOutcome(text)
    },
    endIfReturned(): void {
      if (returned !== undefined) end(returned)
    },
    endIdle(): void {
      // An unhandled promise that failed because the heap was full leaves others waiting for ever.
      end(guest.vm.isFull() ? outOfMemory() : failed('script_never_settles', 'it awaits what can never come'))
    },
  }
}

function returnedOutcome(result: string): ScriptOutcome {
  // Nothing comes out when the heap has no room for a copy.
  if (result === '') return outOfMemory()
  return Buffer.byteLength(result) > maxResultBytes ? tooLarge() : { kind: 'returned', result }
}

export function tooLarge(): ScriptOutcome {
  return failed('script_result_too_large', `the result has more than ${maxResultBytes} bytes of JSON`)
}
