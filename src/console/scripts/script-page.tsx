import { useEffect, useState } from 'preact/hooks'
import { text } from '../language.ts'
import { hrefOf } from '../model/place.ts'
import {
  base64OfSource,
  newSource,
  type SyntaxFault,
  sourceOfBase64,
  syntaxFaultOf,
} from '../model/script-source.ts'
import { CodeEditor } from '../part/code-editor.tsx'
import { Fault } from '../part/fault.tsx'
import { Icon } from '../part/icon.tsx'
import { MethodDialog } from '../part/method-dialog.tsx'
import { go } from '../router.ts'
import { call, useCall } from '../rpc.ts'
import { showNote } from '../toast.ts'
import { RunPanel } from './run-panel.tsx'

/** One script: its source, and what it does when it is run. */
export function ScriptPage({ name }: { readonly name: string }) {
  const { scripts } = text()
  const { data, error, reload } = useCall('js-worker_read', { name }, { keepsOld: false })
  const [isSettings, setSettings] = useState(false)
  const stored = data.value as unknown as StoredScript | undefined
  return (
    <div class="script">
      <header class="screen-head">
        <h1 class="cut">
          <a href={hrefOf({ path: ['scripts'], params: {} })}>{scripts.title}</a> / {name}
        </h1>
        <button type="button" class="button" onClick={() => setSettings(true)}>
          <Icon name="edit" /> {scripts.settings}
        </button>
      </header>
      <Fault error={error.value} onRetry={reload} />
      {stored !== undefined && (
        <Workbench key={name} name={name} stored={sourceOfBase64(stored.js_script_base64)} />
      )}
      {isSettings && stored !== undefined && (
        <MethodDialog
          method="js-worker_update"
          title={scripts.settingsOf(name)}
          submitLabel={scripts.save}
          fixed={{ name }}
          hidden={['js_script_base64', 'env']}
          initial={settingsOf(stored)}
          onDone={() => {
            setSettings(false)
            showNote(scripts.saved)
            reload()
          }}
          onClose={() => setSettings(false)}
        />
      )}
    </div>
  )
}

interface StoredScript {
  readonly js_script_base64: string
  readonly [member: string]: unknown
}

/** What the form of the settings begins with: what is set. */
function settingsOf(stored: StoredScript): Readonly<Record<string, string>> {
  const set = Object.entries(stored).filter(([, value]) => value !== null)
  return Object.fromEntries(
    set.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  )
}

interface WorkbenchProps {
  readonly name: string
  /** The source as it is stored. */
  readonly stored: string
}

function Workbench({ name, stored }: WorkbenchProps) {
  const { scripts } = text()
  const [saved, setSaved] = useState(stored)
  const [source, setSource] = useState(stored)
  const [reverts, setReverts] = useState(0)
  const [fault, setFault] = useState<SyntaxFault | undefined>(undefined)
  const [error, setError] = useState<unknown>(undefined)
  const isChanged = source !== saved
  useUnsaved(isChanged)

  async function save(): Promise<boolean> {
    setError(undefined)
    setFault(undefined)
    try {
      await call('js-worker_update' as string, { name, js_script_base64: base64OfSource(source) })
      setSaved(source)
      showNote(scripts.saved)
      return true
    } catch (problem) {
      setFault(syntaxFaultOf(problem))
      setError(problem)
      return false
    }
  }

  function revert(): void {
    setSource(saved)
    setFault(undefined)
    setError(undefined)
    setReverts(before => before + 1)
  }

  return (
    <div class="workbench">
      <section class="workbench-source" aria-label={scripts.source}>
        <CodeEditor
          label={scripts.source}
          key={reverts}
          initial={saved}
          onChange={setSource}
          onSave={() => void save()}
          fault={fault}
        />
        {fault === undefined ? (
          <Fault error={error} />
        ) : (
          <p class="fault" role="alert">
            <Icon name="warning" /> <span>{fault.message}</span>
          </p>
        )}
        <footer class="form-row">
          <button
            type="button"
            class="button button-primary"
            disabled={!isChanged}
            onClick={() => void save()}
          >
            {scripts.save}
          </button>
          <button type="button" class="button" disabled={!isChanged} onClick={revert}>
            {scripts.revert}
          </button>
          <small class="hint">{isChanged ? scripts.unsaved : scripts.saveHint}</small>
        </footer>
      </section>
      <RunPanel name={name} isChanged={isChanged} onSave={save} />
    </div>
  )
}

/** The browser asks before a page with unsaved work is left. */
function useUnsaved(isChanged: boolean): void {
  useEffect(() => {
    if (!isChanged) return
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault()
    addEventListener('beforeunload', ask)
    return () => removeEventListener('beforeunload', ask)
  }, [isChanged])
}

/** Makes a script by its name, and goes to its source. */
export function NewScript({ onClose }: { readonly onClose: () => void }) {
  const { scripts } = text()
  return (
    <MethodDialog
      method="js-worker_create"
      title={scripts.create}
      submitLabel={scripts.submit}
      fixed={{ js_script_base64: base64OfSource(newSource) }}
      hidden={['env', 'runtime_clean_time', 'max_run_time', 'max_stack_size', 'max_heap_size', 'open_env']}
      initial={{ name: '' }}
      onDone={(_answer, { name }) => {
        onClose()
        go({ path: ['scripts', String(name)], params: {} })
      }}
      onClose={onClose}
    />
  )
}
