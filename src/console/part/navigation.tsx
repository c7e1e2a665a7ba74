import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { text } from '../language.ts'
import { connection } from '../live.ts'
import { hrefOf } from '../model/place.ts'
import { place } from '../router.ts'
import { screens } from '../screen/index.ts'
import { logOut, session } from '../session.ts'
import { Icon } from './icon.tsx'
import { Preferences } from './preferences.tsx'

const groups = ['watch', 'run', 'manage'] as const

/** Beside the content, or above it behind a button where there is little room. */
export function Navigation({ current }: { readonly current: string | undefined }) {
  const { app } = text()
  const isOpen = useSignal(false)
  const here = place.value
  // It closes when the place changes.
  useEffect(() => {
    isOpen.value = false
  }, [here])
  useEffect(() => {
    const close = ({ key }: KeyboardEvent): void => {
      if (key === 'Escape') isOpen.value = false
    }
    addEventListener('keydown', close)
    return () => removeEventListener('keydown', close)
  }, [isOpen])
  return (
    <header class="side" data-open={isOpen.value}>
      <div class="side-top">
        <a class="brand" href="#/">
          <Icon name="records" size={18} /> {app.name}
        </a>
        <Connection />
        <button
          type="button"
          class="button-icon side-menu"
          aria-label={app.menu}
          aria-expanded={isOpen.value}
          onClick={() => {
            isOpen.value = !isOpen.value
          }}
        >
          <Icon name={isOpen.value ? 'close' : 'menu'} size={18} />
        </button>
      </div>
      <div class="side-body">
        <nav aria-label={app.navigation}>
          {groups.map(group => (
            <Group key={group} group={group} current={current} />
          ))}
        </nav>
        <Account />
      </div>
    </header>
  )
}

interface GroupProps {
  readonly group: (typeof groups)[number]
  readonly current: string | undefined
}

function Group({ group, current }: GroupProps) {
  const { nav } = text()
  const own = screens.filter(each => each.group === group)
  if (own.length === 0) return null
  return (
    <div class="side-group">
      <h2>{nav.groups[group]}</h2>
      <ul>
        {own.map(({ path, title, icon }) => (
          <li key={path}>
            <a
              href={hrefOf({ path: [path], params: {} })}
              aria-current={path === current ? 'page' : undefined}
            >
              <Icon name={icon} /> {nav[title]}
            </a>
          </li>
        ))}
      </ul>
    </div>
  )
}

function Account() {
  const { app } = text()
  const name = session.value?.name ?? ''
  return (
    <div class="side-account">
      <Preferences />
      <div class="side-user">
        <span title={app.loggedInAs(name)}>
          <Icon name="tokens" /> <span class="cut">{name}</span>
        </span>
        <button
          type="button"
          class="button-icon"
          aria-label={app.logOut}
          title={app.logOut}
          onClick={() => logOut('left')}
        >
          <Icon name="logOut" />
        </button>
      </div>
    </div>
  )
}

/** Whether what is shown is of now. */
function Connection() {
  const state = connection.value
  const label = text().connection[state]
  return (
    <span class={`connection connection-${state}`} role="status" title={label}>
      <span class={state === 'lost' ? 'connection-text' : 'unseen'}>{label}</span>
    </span>
  )
}
