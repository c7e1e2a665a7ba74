import { useSignal } from '@preact/signals'
import { text } from '../language.ts'
import { Confirm } from '../part/confirm.tsx'
import { Fault } from '../part/fault.tsx'
import { Icon } from '../part/icon.tsx'
import { Menu } from '../part/menu.tsx'
import { call, isAbsence, useCall } from '../rpc.ts'
import { showFault, showNote } from '../toast.ts'

/** A filter with a name, kept by the server. */
interface View {
  readonly name: string
  readonly resource: string
  readonly query: { readonly condition: readonly unknown[] }
  readonly layout: { readonly columns?: unknown } | null
  readonly shared: boolean
  readonly is_own: boolean
}

export interface ViewsMenuProps {
  readonly resource: string
  readonly condition: readonly unknown[]
  readonly columns: readonly string[]
  readonly onOpen: (condition: readonly unknown[], columns: readonly string[] | undefined) => void
}

/** The saved views of a kind of record. Where the server has none, or this user may have none, there is no menu. */
export function ViewsMenu({ resource, condition, columns, onOpen }: ViewsMenuProps) {
  const { records } = text()
  const { data, error, reload } = useCall('view_list' as string, { resource })
  const isSaving = useSignal(false)
  if (isAbsence(error.value)) return null
  const views = (data.value as { readonly views: readonly View[] } | undefined)?.views ?? []

  async function remove({ name }: View): Promise<void> {
    try {
      await call('view_delete' as string, { name })
      reload()
    } catch (fault) {
      showFault(fault)
    }
  }

  return (
    <>
      <Menu label={records.views} icon="star">
        {close => (
          <>
            <Fault error={error.value} onRetry={reload} />
            {views.map(view => (
              <div key={`${view.is_own} ${view.name}`} class="menu-line">
                <button
                  type="button"
                  class="menu-item"
                  onClick={() => {
                    close()
                    onOpen(view.query.condition, columnsOf(view))
                  }}
                >
                  <bdi>{view.name}</bdi>
                  {view.shared && <span class="muted"> · {records.shared}</span>}
                </button>
                {view.is_own && (
                  <button
                    type="button"
                    class="button-icon"
                    aria-label={records.deleteView(view.name)}
                    onClick={() => void remove(view)}
                  >
                    <Icon name="trash" size={14} />
                  </button>
                )}
              </div>
            ))}
            <button
              type="button"
              class="menu-item"
              onClick={() => {
                close()
                isSaving.value = true
              }}
            >
              <Icon name="plus" size={14} /> {records.saveView}
            </button>
          </>
        )}
      </Menu>
      {isSaving.value && (
        <SaveView
          view={{ resource, query: { condition }, layout: { columns } }}
          onSaved={reload}
          onClose={() => {
            isSaving.value = false
          }}
        />
      )}
    </>
  )
}

function columnsOf({ layout }: View): readonly string[] | undefined {
  const columns = layout?.columns
  return Array.isArray(columns) && columns.length > 0 ? columns.map(String) : undefined
}

interface SaveViewProps {
  readonly view: {
    readonly resource: string
    readonly query: { readonly condition: readonly unknown[] }
    readonly layout: { readonly columns: readonly string[] }
  }
  readonly onSaved: () => void
  readonly onClose: () => void
}

function SaveView({ view, onSaved, onClose }: SaveViewProps) {
  const { records } = text()
  const name = useSignal('')
  const shared = useSignal(false)
  return (
    <Confirm
      title={records.saveView}
      action={records.save}
      isDanger={false}
      onClose={onClose}
      onConfirm={async () => {
        await call('view_create' as string, { ...view, name: name.peek().trim(), shared: shared.peek() })
        showNote(records.savedView(name.peek().trim()))
        onSaved()
      }}
    >
      <label class="field">
        <span>{records.viewName}</span>
        <input
          class="input"
          required
          maxLength={128}
          value={name.value}
          onInput={({ currentTarget }) => {
            name.value = currentTarget.value
          }}
        />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={shared.value}
          onChange={({ currentTarget }) => {
            shared.value = currentTarget.checked
          }}
        />
        {records.share}
      </label>
    </Confirm>
  )
}
