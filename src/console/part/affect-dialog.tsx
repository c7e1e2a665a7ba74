import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { formatCount } from '../format.ts'
import { text } from '../language.ts'
import { call } from '../rpc.ts'
import { Confirm } from './confirm.tsx'
import { Dialog } from './dialog.tsx'
import { Fault } from './fault.tsx'

export interface AffectDialogProps {
  readonly title: string
  /** What the button says of so many records. */
  readonly action: (count: string) => string
  /** `X_delete`, `event-log_cancel` or `event-log_replay`. */
  readonly method: string
  readonly condition: readonly unknown[]
  /** Some of the records that are meant. */
  readonly children?: ComponentChildren
  /** Told of what the method answered. */
  readonly onDone: (answer: Readonly<Record<string, unknown>>) => void
  readonly onClose: () => void
}

/**
 * Does something to all records that conditions find: says first how many they are (a dry run), has the number typed, and sends it as
 * `max_affected`, so that nothing happens should there be more by then.
 */
export function AffectDialog(props: AffectDialogProps) {
  const { title, action, method, condition, children, onDone, onClose } = props
  const { affect, app } = text()
  const query = { condition }
  const [count, setCount] = useState<number | undefined>(undefined)
  const [error, setError] = useState<unknown>(undefined)
  const key = JSON.stringify(condition)
  useEffect(() => {
    let isOld = false
    setCount(undefined)
    setError(undefined)
    call(method, { query, dry_run: true }).then(
      answer => {
        if (!isOld) setCount(countOf(answer))
      },
      (fault: unknown) => {
        if (!isOld) setError(fault)
      },
    )
    return () => {
      isOld = true
    }
  }, [method, key])

  if (count === undefined || count === 0)
    return (
      <Dialog title={title} onClose={onClose}>
        <div class="dialog-form">
          {children}
          <Fault error={error} />
          {error === undefined && <p>{count === 0 ? affect.none : app.loading}</p>}
          <footer class="dialog-foot">
            <button type="button" class="button" onClick={onClose}>
              {app.close}
            </button>
          </footer>
        </div>
      </Dialog>
    )
  return (
    <Confirm
      key={key}
      title={title}
      action={action(formatCount(count))}
      typed={count}
      onConfirm={async () => {
        onDone((await call(method, { query, max_affected: count })) as Readonly<Record<string, unknown>>)
      }}
      onClose={onClose}
    >
      {children}
      <p>{affect.count(formatCount(count))}</p>
    </Confirm>
  )
}

/** What a dry run says: of a delete, and of the others. */
function countOf(answer: unknown): number {
  const said = Object(answer)
  return Number(said.would_delete ?? said.would_affect ?? 0)
}
