import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Icon, type IconName } from './icon.tsx'

export interface MenuProps {
  readonly label: string
  readonly icon?: IconName
  /** Whether the button shows its icon alone. */
  readonly isSmall?: boolean
  /** What it opens; `close` gives the focus back to the button. */
  readonly children: (close: () => void) => ComponentChildren
}

/** A button with a small box below it. Escape, and a click beside it, close the box. */
export function Menu({ label, icon, isSmall = false, children }: MenuProps) {
  const [isOpen, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const close = (): void => {
    setOpen(false)
    button.current?.focus()
  }
  useEffect(() => {
    if (!isOpen) return
    const leave = ({ target }: Event): void => {
      if (target instanceof Node && root.current?.contains(target) !== true) setOpen(false)
    }
    const leaveByKey = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape') return
      // What the menu stands in stays open.
      event.preventDefault()
      event.stopPropagation()
      setOpen(false)
      button.current?.focus()
    }
    const box = root.current
    box?.addEventListener('keydown', leaveByKey)
    addEventListener('pointerdown', leave)
    addEventListener('focusin', leave)
    return () => {
      box?.removeEventListener('keydown', leaveByKey)
      removeEventListener('pointerdown', leave)
      removeEventListener('focusin', leave)
    }
  }, [isOpen])
  return (
    <div class="menu" ref={root}>
      <button
        type="button"
        ref={button}
        class={isSmall ? 'button-icon' : 'button'}
        aria-expanded={isOpen}
        aria-label={isSmall ? label : undefined}
        title={isSmall ? label : undefined}
        onClick={() => setOpen(!isOpen)}
      >
        {icon !== undefined && <Icon name={icon} />}
        {!isSmall && label}
      </button>
      {isOpen && (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset belongs to a form
        <div class="menu-box panel" role="group" aria-label={label}>
          {children(close)}
        </div>
      )}
    </div>
  )
}
