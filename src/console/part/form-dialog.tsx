import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { text } from '../language.ts'
import { describeFault } from '../toast.ts'
import { Dialog } from './dialog.tsx'
import { Icon } from './icon.tsx'

export interface FormDialogProps {
  readonly title: string
  readonly submitLabel: string
  readonly isDanger?: boolean
  readonly isDisabled?: boolean
  /** What it throws is shown, and the dialog stays. */
  readonly onSubmit: () => Promise<void>
  readonly onClose: () => void
  readonly children: ComponentChildren
}

/** A form over the page. It stays until whoever opened it takes it away. */
export function FormDialog(props: FormDialogProps) {
  const { title, submitLabel, isDanger = false, isDisabled = false, onSubmit, onClose, children } = props
  const fault = useSignal<unknown>(undefined)
  const isWorking = useSignal(false)

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    // A dialog over this one has a form of its own.
    if (event.target !== event.currentTarget || isDisabled || isWorking.peek()) return
    isWorking.value = true
    fault.value = undefined
    try {
      await onSubmit()
    } catch (error) {
      fault.value = error
    }
    isWorking.value = false
  }

  return (
    <Dialog title={title} onClose={onClose}>
      <form class="dialog-form" onSubmit={submit}>
        {children}
        {fault.value !== undefined && (
          <p class="fault" role="alert">
            <Icon name="warning" /> <span>{describeFault(fault.value)}</span>
          </p>
        )}
        <footer class="dialog-foot">
          <button type="button" class="button" onClick={onClose}>
            {text().app.cancel}
          </button>
          <button
            type="submit"
            class={`button ${isDanger ? 'button-danger' : 'button-primary'}`}
            disabled={isDisabled || isWorking.value}
          >
            {submitLabel}
          </button>
        </footer>
      </form>
    </Dialog>
  )
}
