import { useSignal } from '@preact/signals'
import type { ComponentType } from 'preact'
import { Component } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { text } from './language.ts'
import { Login } from './part/login.tsx'
import { Navigation } from './part/navigation.tsx'
import { Toasts } from './part/toasts.tsx'
import { go, place } from './router.ts'
import { screens } from './screen/index.ts'
import type { Screen, ScreenProps } from './screen/screen.ts'
import { session } from './session.ts'

export function App() {
  return (
    <>
      {session.value === undefined ? <Login /> : <Shell key={session.value.token} />}
      <Toasts />
    </>
  )
}

function Shell() {
  const { path, params } = place.value
  const [name, ...rest] = path
  const screen = screens.find(each => each.path === name)
  const { app, nav } = text()
  const main = useRef<HTMLElement>(null)
  const [first] = screens
  useEffect(() => {
    if (name === undefined && first !== undefined) go({ path: [first.path], params }, { replace: true })
  }, [name, params, first])
  const title = screen === undefined ? app.name : `${nav[screen.title]} · ${app.name}`
  useEffect(() => {
    document.title = title
  }, [title])
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        {app.skip}
      </button>
      <Navigation current={name} />
      <main id="content" class="content" tabIndex={-1} ref={main}>
        {name !== undefined && screen === undefined && <p class="absence">{app.notFound}</p>}
        {screen !== undefined && (
          <Boundary key={screen.path}>
            <LazyScreen screen={screen} rest={rest} params={params} main={main} />
          </Boundary>
        )}
      </main>
    </div>
  )
}

const loaded = new Map<string, ComponentType<ScreenProps>>()

interface LazyScreenProps extends ScreenProps {
  readonly screen: Screen
  readonly main: { readonly current: HTMLElement | null }
}

function LazyScreen({ screen, rest, params, main }: LazyScreenProps) {
  const failed = useSignal(false)
  const component = useSignal(loaded.get(screen.path))
  useEffect(() => {
    // Who went here by the keyboard goes on from here.
    if (document.activeElement?.closest('nav') !== null) main.current?.focus()
    if (component.peek() !== undefined) return
    screen.load().then(
      Found => {
        loaded.set(screen.path, Found)
        component.value = Found
      },
      () => {
        failed.value = true
      },
    )
  }, [screen, main, component, failed])
  const { app } = text()
  const Found = component.value
  if (Found !== undefined) return <Found rest={rest} params={params} />
  if (!failed.value) return <p class="absence">{app.loading}</p>
  return <Broken />
}

/** A screen that fails takes no other with it. */
class Boundary extends Component<object, { readonly isBroken: boolean }> {
  override state = { isBroken: false }

  static override getDerivedStateFromError() {
    return { isBroken: true }
  }

  override componentDidCatch(error: unknown) {
    reportError(error)
  }

  override render() {
    return this.state.isBroken ? <Broken /> : this.props.children
  }
}

/** A new version of the server has other files: the page has to be loaded again. */
function Broken() {
  const { app } = text()
  return (
    <div class="fault" role="alert">
      <span>{app.screenFailed}</span>
      <button type="button" class="button" onClick={() => location.reload()}>
        {app.reload}
      </button>
    </div>
  )
}
