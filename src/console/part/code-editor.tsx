import { useEffect, useRef, useState } from 'preact/hooks'
import { text } from '../language.ts'
import type { SyntaxFault } from '../model/script-source.ts'
import type { Editor } from './code-mirror.ts'
import { Fault } from './fault.tsx'

export interface CodeEditorProps {
  readonly label: string
  /** What it begins with; what is typed is its own. */
  readonly initial: string
  readonly onChange: (source: string) => void
  /** By Ctrl+S. */
  readonly onSave: () => void
  /** What the server says of the source; another object says it again. */
  readonly fault: SyntaxFault | undefined
}

/** An editor of JavaScript; it is loaded when it is needed first. */
export function CodeEditor({ label, initial, onChange, onSave, fault }: CodeEditorProps) {
  const host = useRef<HTMLDivElement>(null)
  const [editor, setEditor] = useState<Editor | undefined>(undefined)
  const [error, setError] = useState<unknown>(undefined)
  const now = useRef({ initial, onChange, onSave })
  now.current = { initial, onChange, onSave }
  const { unreadable } = text().scripts

  useEffect(() => {
    let made: Editor | undefined
    let isGone = false
    import('./code-mirror.ts').then(({ createEditor }) => {
      if (isGone || host.current === null) return
      made = createEditor(host.current, {
        label,
        source: now.current.initial,
        unreadable,
        onChange: next => now.current.onChange(next),
        onSave: () => now.current.onSave(),
      })
      setEditor(made)
    }, setError)
    return () => {
      isGone = true
      made?.remove()
    }
  }, [label, unreadable])
  useEffect(() => editor?.showFault(fault), [editor, fault])

  return (
    <div class="code-editor">
      {error !== undefined && <Fault error={error} />}
      {editor === undefined && error === undefined && <p class="absence">{text().app.loading}</p>}
      <div class="code-host" ref={host} />
    </div>
  )
}
