import { text } from '../language.ts'
import { Menu } from './menu.tsx'

export interface ColumnChooserProps {
  /** All that there are, in the order in which they are shown. */
  readonly columns: readonly { readonly name: string; readonly title: string }[]
  readonly chosen: readonly string[]
  readonly onChange: (chosen: readonly string[]) => void
}

/** Chooses the columns of a table; at least one stays. */
export function ColumnChooser({ columns, chosen, onChange }: ColumnChooserProps) {
  return (
    <Menu label={text().table.columns} icon="columns">
      {() =>
        columns.map(({ name, title }) => (
          <label key={name} class="menu-choice">
            <input
              type="checkbox"
              checked={chosen.includes(name)}
              disabled={chosen.length === 1 && chosen[0] === name}
              onChange={({ currentTarget }) => {
                const isWanted = (each: string): boolean =>
                  each === name ? currentTarget.checked : chosen.includes(each)
                onChange(columns.map(each => each.name).filter(isWanted))
              }}
            />
            {title}
          </label>
        ))
      }
    </Menu>
  )
}
