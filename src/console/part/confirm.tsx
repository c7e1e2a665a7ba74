import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { formatCount } from '../format.ts'
import { text } from '../language.ts'
import { Dialog } from './dialog.tsx'
import { Fault } from './fault.tsx'

export interface ConfirmProps {
  readonly title: string
  /** What the button says. */
  readonly action: string
  /** What is about to happen, and to what. */
  readonly children: ComponentChildren
  /** What has to be typed: a number of records (with or without separators), or a name. Absent: nothing. */
  readonly typed?: string | number | undefined
  readonly isDanger?: boolean
  /** Closes the dialog when it resolves; what it throws is shown. */
  readonly onConfirm: () => Promise<void>
  readonly onClose: () => void
}

/** Asks before something is done that cannot be undone. */
export function Confirm(props: ConfirmProps) {
  const { title, action, children, typed, isDanger = true, onConfirm, onClose } = props
  const [given, setGiven] = useState('')
  const [isWorking, setWorking] = useState(false)
  const [error, setError] = useState<unknown>(undefined)
  const isTyped = typed === undefined || isSame(given, typed)

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    if (!isTyped || isWorking) return
    setWorking(true)
    setError(undefined)
    try {
      await onConfirm()
      onClose()
    } catch (fault) {
      setError(fault)
    }
    setWorking(false)
  }

  return (
    <Dialog title={title} onClose={onClose}>
      <form class="dialog-form" onSubmit={submit}>
        {children}
        {typed !== undefined && (
          <label class="field">
            <span>{text().confirm.type(typeof typed === 'number' ? formatCount(typed) : typed)}</span>
            <input
              class="input mono"
              value={given}
              inputMode={typeof typed === 'number' ? 'numeric' : 'text'}
              autocomplete="off"
              spellcheck={false}
              onInput={({ currentTarget }) => setGiven(currentTarget.value)}
            />
          </label>
        )}
        <Fault error={error} />
        <footer class="dialog-foot">
          <button type="button" class="button" onClick={onClose}>
            {text().app.cancel}
          </button>
          <button
            type="submit"
            class={`button ${isDanger ? 'button-danger' : 'button-primary'}`}
            disabled={!isTyped || isWorking}
          >
            {action}
          </button>
        </footer>
      </form>
    </Dialog>
  )
}

function isSame(given: string, wanted: string | number): boolean {
  if (typeof wanted === 'string') return given.trim() === wanted
  const digits = given.replaceAll(/[\s,.’'_ ]/g, '')
  return digits !== '' && digits === String(wanted)
}
