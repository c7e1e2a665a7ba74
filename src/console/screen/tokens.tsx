import { useSignal } from '@preact/signals'
import type { TokenInfo } from '../../client/client.ts'
import { useApiDocument } from '../api-document.ts'
import { text } from '../language.ts'
import { permissionText, scopeText } from '../model/limit-form.ts'
import { Fault } from '../part/fault.tsx'
import { Icon } from '../part/icon.tsx'
import { type ListColumn, ListTable } from '../part/list-table.tsx'
import { Moment } from '../part/moment.tsx'
import { type AskedOfToken, TokenDialog } from '../part/token-dialog.tsx'
import { isAbsence, useCall } from '../rpc.ts'

/** Who may do what: one's own token, and all others for the super token. */
export function TokensScreen() {
  const { tokens } = text()
  const own = useCall('token_get', {})
  const all = useCall('token_list_all_tokens', {})
  const { document } = useApiDocument()
  const asked = useSignal<AskedOfToken | undefined>(undefined)
  const ask = (next: AskedOfToken): void => {
    asked.value = next
  }
  const isSuper = all.data.value !== undefined
  const isOwnSuper = (token: TokenInfo): boolean => isSuper && token.token_key === own.data.value?.token_key
  const columns: readonly ListColumn<TokenInfo>[] = [
    { title: tokens.key, isHead: true, show: token => <Name token={token} /> },
    { title: tokens.validFrom, show: ({ timestamp_from: time }) => <Moment ms={time} /> },
    { title: tokens.validTo, show: token => <End token={token} /> },
    { title: tokens.limits, show: token => <Limits token={token} isSuper={isOwnSuper(token)} /> },
    {
      title: tokens.actions,
      show: token => <Actions token={token} isSuper={isOwnSuper(token)} onAsk={ask} />,
    },
  ]
  return (
    <div class="screen">
      <header class="screen-head">
        <h1>{tokens.title}</h1>
        <button type="button" class="button" onClick={() => ask({ kind: 'issue' })}>
          <Icon name="tokens" /> {tokens.issue}
        </button>
        <button type="button" class="button" onClick={() => ask({ kind: 'explain', target: undefined })}>
          <Icon name="info" /> {tokens.explain}
        </button>
        {isSuper && (
          <button type="button" class="button button-primary" onClick={() => ask({ kind: 'create' })}>
            <Icon name="plus" /> {tokens.create}
          </button>
        )}
      </header>
      {own.data.value !== undefined && <Own token={own.data.value} isSuper={isSuper} />}
      {!isAbsence(all.error.value) && <Fault error={all.error.value} onRetry={all.reload} />}
      <ListTable
        label={tokens.title}
        columns={columns}
        rows={all.data.value?.tokens}
        keyOf={({ token_key: key }) => key}
        none={tokens.none}
      />
      {asked.value !== undefined && document !== undefined && (
        <TokenDialog
          key={asked.value.kind}
          asked={asked.value}
          document={document}
          onAsk={ask}
          onClose={() => {
            asked.value = undefined
            all.reload()
          }}
        />
      )}
    </div>
  )
}

interface OfToken {
  readonly token: TokenInfo
  /** The list of all tokens is for the super token alone: whoever sees it has that one. */
  readonly isSuper: boolean
}

function Own({ token, isSuper }: OfToken) {
  const { tokens } = text()
  return (
    <section class="panel own-token">
      <h2>{tokens.own}</h2>
      <p>
        <Name token={token} />
      </p>
      <Limits token={token} isSuper={isSuper} />
    </section>
  )
}

function Name({ token }: { readonly token: TokenInfo }) {
  return (
    <>
      {token.username !== null && <span dir="auto">{token.username} </span>}
      <code class={token.username === null ? '' : 'cell-note'}>{token.token_key}</code>
    </>
  )
}

function End({ token }: { readonly token: TokenInfo }) {
  const end = token.timestamp_to
  if (end !== null && end < Date.now()) {
    return (
      <span class="cell-fault">
        {text().tokens.expired} <Moment ms={end} />
      </span>
    )
  }
  return <Moment ms={end} />
}

function Limits({ token, isSuper }: OfToken) {
  const { tokens } = text()
  if (isSuper) return <span class="hint">{tokens.isSuper}</span>
  if (token.token_limit.length === 0) return <span class="muted">{tokens.noLimits}</span>
  return (
    <ol class="limit-list">
      {token.token_limit.map((limit, at) => (
        <li key={at}>
          {limit.permissions.map(permission => (
            <span class="tag" key={permissionText(permission)}>
              {permissionText(permission)}
            </span>
          ))}
          <span class="muted">{tokens.on} </span>
          {limit.scopes.map(scope => (
            <span class="tag" key={scopeText(scope)}>
              {scopeText(scope)}
            </span>
          ))}
        </li>
      ))}
    </ol>
  )
}

interface ActionsProps extends OfToken {
  readonly onAsk: (asked: AskedOfToken) => void
}

function Actions({ token, isSuper, onAsk }: ActionsProps) {
  const { tokens } = text()
  const name = token.username ?? token.token_key
  const action = (label: string, asked: AskedOfToken) => (
    <button
      type="button"
      class="button button-small"
      aria-label={`${label}: ${name}`}
      onClick={() => onAsk(asked)}
    >
      {label}
    </button>
  )
  return (
    <div class="row-actions">
      {action(tokens.explainShort, { kind: 'explain', target: token })}
      {!isSuper && action(tokens.edit, { kind: 'edit', target: token })}
      {action(tokens.roll, { kind: 'roll', target: token })}
      {!isSuper && action(tokens.delete, { kind: 'delete', target: token })}
    </div>
  )
}
