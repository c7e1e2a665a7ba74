import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useMemo } from 'preact/hooks'
import type { TokenInfo } from '../../client/client.ts'
import { formatTime } from '../format.ts'
import { text } from '../language.ts'
import { limitWordsOf, permissionText, scopeText, type WireLimit } from '../model/limit-form.ts'
import type { ApiDocument } from '../model/schema-form.ts'
import { call } from '../rpc.ts'
import { showNote } from '../toast.ts'
import { CopyButton } from './copy-button.tsx'
import { FormDialog } from './form-dialog.tsx'
import { PermissionEntryFields, ScopeEntryFields } from './limit-entry.tsx'
import { LimitsEditor } from './limits-editor.tsx'

/** What is done with tokens, in a dialog. `secret` shows what is never shown again. */
export type AskedOfToken =
  | { readonly kind: 'create' | 'issue' }
  | { readonly kind: 'explain'; readonly target: TokenInfo | undefined }
  | { readonly kind: 'edit' | 'roll' | 'delete'; readonly target: TokenInfo }
  | { readonly kind: 'secret'; readonly credential: string; readonly note: string }

export interface TokenDialogProps {
  readonly asked: AskedOfToken
  readonly document: ApiDocument
  readonly onAsk: (asked: AskedOfToken) => void
  readonly onClose: () => void
}

export function TokenDialog(props: TokenDialogProps) {
  const { asked } = props
  switch (asked.kind) {
    case 'create':
      return <CreateDialog {...props} />
    case 'issue':
      return <IssueDialog {...props} />
    case 'explain':
      return <ExplainDialog {...props} target={asked.target} />
    case 'edit':
      return <EditDialog {...props} target={asked.target} />
    case 'roll':
      return <RollDialog {...props} target={asked.target} />
    case 'delete':
      return <DeleteDialog {...props} target={asked.target} />
    case 'secret':
      return <SecretDialog {...asked} onClose={props.onClose} />
  }
}

const nameOf = ({ username, token_key: key }: TokenInfo): string => username ?? key

function CreateDialog({ document, onAsk, onClose }: TokenDialogProps) {
  const { tokens } = text()
  const words = useMemo(() => limitWordsOf(document), [document])
  const limits = useSignal<readonly WireLimit[]>([{ scopes: [], permissions: [] }])
  const username = useSignal('')
  const password = useSignal('')
  const until = useSignal('')

  async function create(): Promise<void> {
    const { key, secret } = await call('token_create', {
      token_creation: {
        token_limit: limits.peek() as never,
        ...(username.peek() !== '' && { username: username.peek(), password: password.peek() }),
        ...(until.peek() !== '' && { timestamp_to: new Date(until.peek()).getTime() }),
      },
    })
    onAsk({ kind: 'secret', credential: `${key}:${secret}`, note: tokens.secretOnce })
  }

  return (
    <FormDialog title={tokens.create} submitLabel={tokens.submit} onSubmit={create} onClose={onClose}>
      <div class="field-row">
        <Field label={`${tokens.username} · ${text().api.optional}`}>
          <input
            class="input"
            autocomplete="off"
            value={username.value}
            onInput={event => (username.value = event.currentTarget.value)}
          />
        </Field>
        {username.value !== '' && (
          <Field label={tokens.password}>
            <input
              class="input"
              type="password"
              autocomplete="new-password"
              value={password.value}
              onInput={event => (password.value = event.currentTarget.value)}
            />
          </Field>
        )}
        <Field label={`${tokens.validTo} · ${text().api.optional}`}>
          <input
            class="input"
            type="datetime-local"
            value={until.value}
            onInput={event => (until.value = event.currentTarget.value)}
          />
        </Field>
      </div>
      <LimitsEditor words={words} limits={limits} />
    </FormDialog>
  )
}

interface FieldProps {
  readonly label: string
  readonly children: ComponentChildren
}

function Field({ label, children }: FieldProps) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is its child
    <label class="field">
      <span>{label}</span>
      {children}
    </label>
  )
}

const lives = [900_000, 3_600_000, 28_800_000, 86_400_000] as const

/** A token for a while, with the limits of one's own or fewer. */
function IssueDialog({ document, onAsk, onClose }: TokenDialogProps) {
  const { tokens } = text()
  const words = useMemo(() => limitWordsOf(document), [document])
  const ttlMs = useSignal<number>(lives[1])
  const isNarrower = useSignal(true)
  const limits = useSignal<readonly WireLimit[]>([{ scopes: [], permissions: [] }])

  async function issue(): Promise<void> {
    const { jwt, expires_at: end } = await call('token_issue', {
      ttl_ms: ttlMs.peek(),
      ...(isNarrower.peek() && { token_limit: limits.peek() as never }),
    })
    onAsk({ kind: 'secret', credential: jwt, note: tokens.issuedUntil(formatTime(end)) })
  }

  return (
    <FormDialog title={tokens.issue} submitLabel={tokens.issueSubmit} onSubmit={issue} onClose={onClose}>
      <p class="hint">{tokens.issueText}</p>
      <label class="field">
        <span>{tokens.lives}</span>
        <select
          class="select"
          value={ttlMs.value}
          onChange={({ currentTarget }) => {
            ttlMs.value = Number(currentTarget.value)
          }}
        >
          {lives.map((ms, at) => (
            <option key={ms} value={ms}>
              {tokens.livesFor[at]}
            </option>
          ))}
        </select>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={isNarrower.value}
          onChange={({ currentTarget }) => {
            isNarrower.value = currentTarget.checked
          }}
        />
        {tokens.narrow}
      </label>
      {isNarrower.value && <LimitsEditor words={words} limits={limits} />}
    </FormDialog>
  )
}

type OfTarget = TokenDialogProps & { readonly target: TokenInfo }

function EditDialog({ document, target, onClose }: OfTarget) {
  const { tokens } = text()
  const words = useMemo(() => limitWordsOf(document), [document])
  const limits = useSignal<readonly WireLimit[]>(target.token_limit)

  async function edit(): Promise<void> {
    await call('token_edit', { target_token: target.token_key, limit: limits.peek() as never })
    showNote(tokens.edited(nameOf(target)))
    onClose()
  }

  return (
    <FormDialog
      title={tokens.editTitle(nameOf(target))}
      submitLabel={tokens.save}
      onSubmit={edit}
      onClose={onClose}
    >
      <LimitsEditor words={words} limits={limits} />
    </FormDialog>
  )
}

function RollDialog({ target, onAsk, onClose }: OfTarget) {
  const { tokens } = text()
  async function roll(): Promise<void> {
    const { key, secret } = await call('token_roll_token_secret', { target_token: target.token_key })
    onAsk({ kind: 'secret', credential: `${key}:${secret}`, note: tokens.secretOnce })
  }
  return (
    <FormDialog
      title={tokens.rollTitle(nameOf(target))}
      submitLabel={tokens.roll}
      isDanger
      onSubmit={roll}
      onClose={onClose}
    >
      <p>{tokens.rollText}</p>
    </FormDialog>
  )
}

function DeleteDialog({ target, onClose }: OfTarget) {
  const { tokens } = text()
  async function remove(): Promise<void> {
    await call('token_delete', { target_token: target.token_key })
    showNote(tokens.deleted(nameOf(target)))
    onClose()
  }
  return (
    <FormDialog
      title={tokens.deleteTitle(nameOf(target))}
      submitLabel={tokens.delete}
      isDanger
      onSubmit={remove}
      onClose={onClose}
    >
      <p>{tokens.deleteText}</p>
    </FormDialog>
  )
}

interface SecretDialogProps {
  readonly credential: string
  readonly note: string
  readonly onClose: () => void
}

function SecretDialog({ credential, note, onClose }: SecretDialogProps) {
  const { tokens } = text()
  return (
    <FormDialog
      title={tokens.secretTitle}
      submitLabel={tokens.secretKept}
      onSubmit={async () => onClose()}
      onClose={onClose}
    >
      <p>{note}</p>
      <div class="secret">
        <code>{credential}</code>
        <CopyButton read={() => credential} />
      </div>
    </FormDialog>
  )
}

interface Explained {
  readonly allowed: boolean
  readonly limit_index: number | null
  readonly because: string
}

/** Which limit of a token allows something, or why none does. */
function ExplainDialog({
  document,
  target,
  onClose,
}: TokenDialogProps & { readonly target: TokenInfo | undefined }) {
  const { tokens } = text()
  const words = useMemo(() => limitWordsOf(document), [document])
  const scope = useSignal<unknown>('global')
  const [first] = words.permissions
  const permission = useSignal<unknown>(
    first === undefined ? {} : { [first.kind]: { [first.verbs[0] ?? '']: '*' } },
  )
  const answer = useSignal<Explained | undefined>(undefined)

  async function explain(): Promise<void> {
    answer.value = await call('token_explain', {
      scope: scope.peek(),
      permission: permission.peek(),
      target_token: target?.token_key,
    })
  }

  return (
    <FormDialog
      title={target === undefined ? tokens.explain : tokens.explainTitle(nameOf(target))}
      submitLabel={tokens.explainSubmit}
      onSubmit={explain}
      onClose={onClose}
    >
      <fieldset class="field">
        <legend>{tokens.mayIt}</legend>
        <PermissionEntryFields
          words={words}
          onChange={entry => {
            permission.value = entry
            answer.value = undefined
          }}
        />
      </fieldset>
      <fieldset class="field">
        <legend>{tokens.onWhat}</legend>
        <ScopeEntryFields
          words={words}
          onChange={entry => {
            scope.value = entry
            answer.value = undefined
          }}
        />
      </fieldset>
      {answer.value !== undefined && <Answer answer={answer.value} limits={target?.token_limit} />}
    </FormDialog>
  )
}

interface AnswerProps {
  readonly answer: Explained
  readonly limits: readonly WireLimit[] | undefined
}

function Answer({ answer: { allowed, limit_index: index, because }, limits }: AnswerProps) {
  const { tokens } = text()
  const reasons: Readonly<Record<string, string>> = tokens.because
  const limit = index === null ? undefined : limits?.[index]
  return (
    <div class={allowed ? 'notice' : 'fault'} role="status">
      <strong>{allowed ? tokens.allowed : tokens.notAllowed}</strong>
      <span>
        {reasons[because] ?? because}
        {index !== null && ` ${tokens.limit(index)}`}
      </span>
      {limit !== undefined && (
        <span>
          {limit.permissions.map(permissionText).join(', ')} {tokens.on}{' '}
          {limit.scopes.map(scopeText).join(', ')}
        </span>
      )}
    </div>
  )
}
