import { useEffect, useRef } from 'preact/hooks'

/**
 * A modal `<dialog>` that is open as long as it is in the page. The browser keeps the focus inside, closes it by Escape and makes the
 * rest inert; afterwards the focus is where it was.
 */
export function useModal(onClose: () => void): { current: HTMLDialogElement | null } {
  const ref = useRef<HTMLDialogElement>(null)
  const close = useRef(onClose)
  close.current = onClose
  useEffect(() => {
    const dialog = ref.current
    const before = document.activeElement
    if (dialog === null) return
    dialog.showModal()
    // The browser would begin at the button that closes it.
    dialog.querySelector<HTMLElement>('input, select, textarea')?.focus()
    const cancel = (event: Event): void => {
      event.preventDefault()
      close.current()
    }
    dialog.addEventListener('cancel', cancel)
    return () => {
      dialog.removeEventListener('cancel', cancel)
      dialog.close()
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  return ref
}
