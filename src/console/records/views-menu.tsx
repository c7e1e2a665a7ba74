import { useSignal } from '@preact/signals'
import { text } from '../language.ts'
import { splitLimit } from '../model/filter.ts'
import { Confirm } from '../part/confirm.tsx'
import { Fault } from '../part/fault.tsx'
import { Icon } from '../part/icon.tsx'
import { Menu } from '../part/menu.tsx'
import { call, isAbsence, useCall } from '../rpc.ts'
import { showNote } from '../toast.ts'

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
  const deleted = useSignal<View | undefined>(undefined)
  if (isAbsence(error.value)) return null
  // A view holds no limit: that is said where it is used.
  const { filter } = splitLimit(condition)
  const views = (data.value as { readonly views: readonly View[] } | undefined)?.views ?? []

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
                    onClick={() => {
                      close()
                      deleted.value = view
                    }}
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
          view={{ resource, query: { condition: filter }, layout: { columns } }}
          own={views.filter(view => view.is_own).map(({ name }) => name)}
          onSaved={reload}
          onClose={() => {
            isSaving.value = false
          }}
        />
      )}
      {deleted.value !== undefined && (
        <Confirm
          title={records.deleteView(deleted.value.name)}
          action={records.deleteViewButton}
          onClose={() => {
            deleted.value = undefined
          }}
          onConfirm={async () => {
            await call('view_delete' as string, { name: deleted.peek()?.name })
            reload()
          }}
        >
          <p>{records.deleteViewExplain}</p>
        </Confirm>
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
  /** The names of the user's own views: saving under one of them changes it. */
  readonly own: readonly string[]
  readonly onSaved: () => void
  readonly onClose: () => void
}

function SaveView({ view, own, onSaved, onClose }: SaveViewProps) {
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
        const { resource, ...change } = view
        const wanted = { ...change, name: name.peek().trim(), shared: shared.peek() }
        if (own.includes(wanted.name)) await call('view_update' as string, wanted)
        else await call('view_create' as string, { ...wanted, resource })
        showNote(records.savedView(wanted.name))
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
