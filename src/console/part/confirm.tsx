import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { formatCount } from '../format.ts'
import { text } from '../language.ts'
import { FormDialog } from './form-dialog.tsx'

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
  return (
    <FormDialog
      title={title}
      submitLabel={action}
      isDanger={isDanger}
      isDisabled={typed !== undefined && !isSame(given, typed)}
      onSubmit={async () => {
        await onConfirm()
        onClose()
      }}
      onClose={onClose}
    >
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
    </FormDialog>
  )
}

function isSame(given: string, wanted: string | number): boolean {
  if (typeof wanted === 'string') return given.trim() === wanted
  const digits = given.replaceAll(/[\s,.’'_ ]/g, '')
  return digits !== '' && digits === String(wanted)
}
