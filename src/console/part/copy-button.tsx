import { useEffect, useState } from 'preact/hooks'
import { text } from '../language.ts'
import { showFault } from '../toast.ts'
import { Icon } from './icon.tsx'

export interface CopyButtonProps {
  /** What is copied; made when it is asked for. */
  readonly read: () => string
  readonly label?: string
  /** Whether the button shows its icon alone. */
  readonly isSmall?: boolean
  readonly disabled?: boolean
}

/** Copies a text, and says so for a moment. */
export function CopyButton({
  read,
  label = text().app.copy,
  isSmall = false,
  disabled = false,
}: CopyButtonProps) {
  const [isCopied, setCopied] = useState(false)
  useEffect(() => {
    if (!isCopied) return
    const timer = setTimeout(() => setCopied(false), 1500)
    return () => clearTimeout(timer)
  }, [isCopied])
  const shown = isCopied ? text().app.copied : label
  return (
    <button
      type="button"
      class={isSmall ? 'button-icon' : 'button button-small'}
      aria-label={isSmall ? shown : undefined}
      title={shown}
      disabled={disabled}
      onClick={() => {
        copyText(read()).then(() => setCopied(true), showFault)
      }}
    >
      <Icon name={isCopied ? 'check' : 'copy'} size={14} />
      {!isSmall && shown}
    </button>
  )
}

/** Throws where the browser refuses. Over plain HTTP it has no clipboard for pages, and only this old way. */
async function copyText(wanted: string): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(wanted)
  const area = document.createElement('textarea')
  area.value = wanted
  area.className = 'unseen'
  // Beside the button: what is behind an open dialog cannot have the focus.
  const before = document.activeElement
  ;(before?.closest('dialog') ?? document.body).append(area)
  area.select()
  const isDone = document.execCommand('copy')
  area.remove()
  if (before instanceof HTMLElement) before.focus()
  if (!isDone) throw new Error(text().app.copyRefused)
}
