import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { text } from '../language.ts'
import { Icon } from './icon.tsx'

export interface DrawerProps {
  readonly title: ComponentChildren
  /** Beside the title. */
  readonly tools?: ComponentChildren
  /** What it shows: the focus goes into the drawer when it is opened, and stays where it is when this changes. */
  readonly onClose: () => void
  readonly children: ComponentChildren
}

/** Beside what it belongs to, which stays in use; over it where there is little room. Escape closes it. */
export function Drawer({ title, tools, onClose, children }: DrawerProps) {
  const id = useId()
  const root = useRef<HTMLElement>(null)
  useEffect(() => {
    const before = document.activeElement
    const drawer = root.current
    drawer?.focus()
    return () => {
      // Somebody who is elsewhere by now stays there.
      const isInside =
        drawer?.contains(document.activeElement) === true || document.activeElement === document.body
      if (isInside && before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  return (
    <aside
      ref={root}
      class="drawer"
      aria-labelledby={id}
      tabIndex={-1}
      onKeyDown={event => {
        if (event.key !== 'Escape' || event.defaultPrevented) return
        event.preventDefault()
        onClose()
      }}
    >
      <header class="drawer-head">
        <h2 id={id} class="cut">
          {title}
        </h2>
        {tools}
        <button type="button" class="button-icon" aria-label={text().app.close} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div class="drawer-body">{children}</div>
    </aside>
  )
}
