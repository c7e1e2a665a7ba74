import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { text } from '../language.ts'
import { ended, isRefused, logInWithPassword, logInWithToken } from '../session.ts'
import { describeFault } from '../toast.ts'
import { Icon } from './icon.tsx'
import { Preferences } from './preferences.tsx'

/** The only thing there is to see without a session. */
export function Login() {
  const { app, login } = text()
  const kind = useSignal<'token' | 'password'>('token')
  const fault = useSignal<string | undefined>(undefined)
  const isWorking = useSignal(false)
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    document.title = `${login.title} · ${app.name}`
    form.current?.querySelector<HTMLInputElement>('input:not([type=radio])')?.focus()
  }, [login, app, kind.value])

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    if (form.current === null || isWorking.peek()) return
    const given = new FormData(form.current)
    const read = (name: string): string => String(given.get(name) ?? '')
    isWorking.value = true
    fault.value = undefined
    try {
      if (kind.peek() === 'token') await logInWithToken(read('token').trim())
      else await logInWithPassword(read('username').trim(), read('password'))
    } catch (error) {
      fault.value = isRefused(error) ? login.refused : describeFault(error)
    }
    isWorking.value = false
  }

  return (
    <main class="login">
      <form class="login-form panel" ref={form} onSubmit={submit}>
        <h1>
          <Icon name="records" size={22} /> {app.name}
        </h1>
        {ended.value !== undefined && (
          <p class="notice" role="status">
            {login.ended[ended.value]}
          </p>
        )}
        <KindChoice kind={kind.value} onChange={next => (kind.value = next)} />
        {kind.value === 'token' ? <TokenField /> : <PasswordFields />}
        {fault.value !== undefined && (
          <p class="fault" role="alert">
            <Icon name="warning" /> {fault.value}
          </p>
        )}
        <button type="submit" class="button button-primary" disabled={isWorking.value}>
          {isWorking.value ? login.working : login.submit}
        </button>
        <p class="hint">{login.tabOnly}</p>
      </form>
      <Preferences />
    </main>
  )
}

interface KindChoiceProps {
  readonly kind: 'token' | 'password'
  readonly onChange: (kind: 'token' | 'password') => void
}

function KindChoice({ kind, onChange }: KindChoiceProps) {
  const { login } = text()
  const choice = (value: 'token' | 'password', label: string) => (
    <label class="segment">
      <input type="radio" name="kind" checked={kind === value} onChange={() => onChange(value)} />
      <span>{label}</span>
    </label>
  )
  return (
    <fieldset class="segments">
      <legend class="unseen">{login.kind}</legend>
      {choice('token', login.byToken)}
      {choice('password', login.byPassword)}
    </fieldset>
  )
}

function TokenField() {
  const { login } = text()
  return (
    <div class="field">
      <label class="field">
        <span>{login.token}</span>
        <input
          class="input mono"
          type="password"
          name="token"
          autocomplete="off"
          spellcheck={false}
          required
          aria-describedby="login-hint"
        />
      </label>
      <small id="login-hint" class="hint">
        {login.tokenHint}
      </small>
    </div>
  )
}

function PasswordFields() {
  const { login } = text()
  return (
    <>
      <label class="field">
        <span>{login.username}</span>
        <input class="input" name="username" autocomplete="username" spellcheck={false} required />
      </label>
      <div class="field">
        <label class="field">
          <span>{login.password}</span>
          <input
            class="input"
            type="password"
            name="password"
            autocomplete="current-password"
            required
            aria-describedby="login-hint"
          />
        </label>
        <small id="login-hint" class="hint">
          {login.passwordHint}
        </small>
      </div>
    </>
  )
}
