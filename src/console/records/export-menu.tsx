import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { ConditionOf, ResourceName } from '../../client/client.ts'
import { formatBytes } from '../format.ts'
import { text } from '../language.ts'
import { Icon } from '../part/icon.tsx'
import { Menu } from '../part/menu.tsx'
import { client, noteFault } from '../rpc.ts'
import { showFault, showNote } from '../toast.ts'

export interface ExportMenuProps {
  readonly resource: string
  readonly condition: readonly unknown[]
}

type Format = 'ndjson' | 'csv'

/** Every record of the filter as a file, however many there are. */
export function ExportMenu({ resource, condition }: ExportMenuProps) {
  const { records, app } = text()
  const bytes = useSignal<number | undefined>(undefined)
  const leaving = useRef<AbortController | undefined>(undefined)
  useEffect(() => () => leaving.current?.abort(), [])

  async function save(format: Format): Promise<void> {
    const own = new AbortController()
    leaving.current = own
    try {
      const sink = await openFile(`${resource}.${format}`)
      bytes.value = 0
      const given = condition as readonly ConditionOf<ResourceName>[]
      const options = { format, bom: format === 'csv', signal: own.signal }
      const chunks = client.peek().export(resource as ResourceName, given, options)
      for await (const chunk of chunks) {
        await sink.write(chunk)
        bytes.value = (bytes.peek() ?? 0) + chunk.length
      }
      await sink.close()
      showNote(records.exported, formatBytes(bytes.peek() ?? 0))
    } catch (error) {
      // The user closed the dialog of the browser, or gave up here.
      const isGivenUp = own.signal.aborted || (error instanceof DOMException && error.name === 'AbortError')
      if (!isGivenUp) {
        showFault(error)
        await noteFault(error)
      }
    }
    bytes.value = undefined
  }

  if (bytes.value !== undefined) {
    return (
      <button type="button" class="button" onClick={() => leaving.current?.abort()}>
        <Icon name="download" /> {formatBytes(bytes.value)} · {app.cancel}
      </button>
    )
  }
  return (
    <Menu label={records.export} icon="download">
      {close =>
        (['ndjson', 'csv'] as const).map(format => (
          <button
            key={format}
            type="button"
            class="menu-item"
            onClick={() => {
              close()
              void save(format)
            }}
          >
            {records.exportAs[format]}
          </button>
        ))
      }
    </Menu>
  )
}

interface FileSink {
  write(chunk: Uint8Array): Promise<void>
  close(): Promise<void>
}

declare global {
  interface Window {
    /** Only in Chromium, and only over HTTPS and at localhost. */
    showSaveFilePicker?(options: { suggestedName: string }): Promise<FileSystemFileHandle>
  }
}

/** A file that the user chooses and that is written as it comes; elsewhere one that is kept until it is whole. */
async function openFile(name: string): Promise<FileSink> {
  if (window.showSaveFilePicker !== undefined && !navigator.webdriver) {
    const handle = await window.showSaveFilePicker({ suggestedName: name })
    const stream = await handle.createWritable()
    return { write: chunk => stream.write(new Uint8Array(chunk)), close: () => stream.close() }
  }
  const parts: Uint8Array<ArrayBuffer>[] = []
  return {
    async write(chunk) {
      parts.push(new Uint8Array(chunk))
    },
    async close() {
      const url = URL.createObjectURL(new Blob(parts))
      const link = document.createElement('a')
      link.href = url
      link.download = name
      link.click()
      setTimeout(() => URL.revokeObjectURL(url), 60_000)
    },
  }
}
