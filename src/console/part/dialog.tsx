import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import { text } from '../language.ts'
import { Icon } from './icon.tsx'
import { useModal } from './overlay.ts'

export interface DialogProps {
  readonly title: string
  readonly onClose: () => void
  readonly children: ComponentChildren
  readonly isWide?: boolean
}

/** A modal dialog; it is in the page as long as it is open. */
export function Dialog({ title, onClose, children, isWide = false }: DialogProps) {
  const id = useId()
  const ref = useModal(onClose)
  return (
    <dialog ref={ref} class={`dialog panel ${isWide ? 'dialog-wide' : ''}`} aria-labelledby={id}>
      <header class="dialog-head">
        <h2 id={id}>{title}</h2>
        <button type="button" class="button-icon" aria-label={text().app.close} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </dialog>
  )
}
