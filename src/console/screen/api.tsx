import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { stringifyJson } from '../../json.ts'
import { useApiDocument } from '../api-document.ts'
import { formatDuration } from '../format.ts'
import { text } from '../language.ts'
import { hrefOf, type Place } from '../model/place.ts'
import { type ApiDocument, type ApiMethod, FieldFault, formOf, readForm } from '../model/schema-form.ts'
import { Fault } from '../part/fault.tsx'
import { Icon } from '../part/icon.tsx'
import { JsonTree } from '../part/json-tree.tsx'
import { MethodFields } from '../part/method-fields.tsx'
import { setParams } from '../router.ts'
import { call } from '../rpc.ts'
import { serverUrl } from '../session.ts'
import { describeFault } from '../toast.ts'

interface ApiScreenProps extends Pick<Place, 'params'> {
  readonly rest: readonly string[]
}

/** Every method of the server, with a form for its parameters. */
export function ApiScreen({ rest: [name], params: { find = '' } }: ApiScreenProps) {
  const { api } = text()
  const { document, error } = useApiDocument()
  const method = document?.methods.find(each => each.name === name)
  return (
    <div class="screen">
      <header class="screen-head">
        <h1>{api.title}</h1>
        <a href={`${serverUrl}openrpc.json`} class="button" target="_blank" rel="noreferrer">
          {api.document}
        </a>
      </header>
      <Fault error={error} />
      {document === undefined && error === undefined && <p class="absence">{text().app.loading}</p>}
      {document !== undefined && (
        <div class="api" data-chosen={method !== undefined}>
          <MethodList methods={document.methods} find={find} current={name} />
          {method === undefined ? (
            <p class="absence api-form">{api.choose}</p>
          ) : (
            <MethodForm key={method.name} method={method} document={document} />
          )}
        </div>
      )}
    </div>
  )
}

interface MethodListProps {
  readonly methods: readonly ApiMethod[]
  readonly find: string
  readonly current: string | undefined
}

function MethodList({ methods, find, current }: MethodListProps) {
  const { api } = text()
  const words = find.toLowerCase().split(/\s+/).filter(Boolean)
  const found = methods.filter(({ name, summary }) =>
    words.every(word => `${name} ${summary}`.toLowerCase().includes(word)),
  )
  return (
    <section class="api-list panel">
      <input
        type="search"
        class="input"
        aria-label={api.filter}
        placeholder={api.filter}
        value={find}
        onInput={({ currentTarget: { value } }) => setParams({ find: value || undefined }, { replace: true })}
      />
      <p class="hint" role="status">
        {api.found(found.length)}
      </p>
      <ul>
        {found.map(({ name, summary }) => (
          <li key={name}>
            <a
              href={hrefOf({ path: ['api', name], params: find === '' ? {} : { find } })}
              aria-current={name === current ? 'page' : undefined}
              title={summary}
            >
              {name}
            </a>
          </li>
        ))}
      </ul>
    </section>
  )
}

interface MethodFormProps {
  readonly method: ApiMethod
  readonly document: ApiDocument
}

/** What came of a call. */
type Answer =
  | { readonly kind: 'result'; readonly json: string; readonly ms: number }
  | { readonly kind: 'fault'; readonly error: unknown }

function MethodForm({ method, document }: MethodFormProps) {
  const { api } = text()
  const fields = useMemo(() => formOf(method, document), [method, document])
  const texts = useSignal<Readonly<Record<string, string>>>({})
  const wrong = useSignal<string | undefined>(undefined)
  const answer = useSignal<Answer | undefined>(undefined)
  const isCalling = useSignal(false)

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    if (isCalling.peek()) return
    wrong.value = undefined
    isCalling.value = true
    const began = performance.now()
    try {
      const result = await call(method.name, readForm(fields, texts.peek()))
      answer.value = { kind: 'result', json: stringifyJson(result), ms: performance.now() - began }
    } catch (error) {
      if (error instanceof FieldFault) wrong.value = error.field
      answer.value = { kind: 'fault', error }
    }
    isCalling.value = false
  }

  const isPushing = method['x-notification'] !== undefined
  return (
    <div class="api-form">
      <form class="panel" onSubmit={submit}>
        <h2 class="mono">{method.name}</h2>
        <p>{method.summary}</p>
        {isPushing && <p class="notice">{api.socketOnly}</p>}
        {fields.length === 0 && <p class="hint">{api.noParams}</p>}
        <MethodFields fields={fields} texts={texts} wrong={wrong.value} />
        <div>
          <button type="submit" class="button button-primary" disabled={isPushing || isCalling.value}>
            <Icon name="play" /> {isCalling.value ? api.calling : api.call}
          </button>
        </div>
      </form>
      {answer.value !== undefined && <AnswerView answer={answer.value} />}
    </div>
  )
}

function AnswerView({ answer }: { readonly answer: Answer }) {
  const { api } = text()
  if (answer.kind === 'fault') {
    return (
      <p class="fault" role="alert">
        <Icon name="warning" /> <span>{describeFault(answer.error)}</span>
      </p>
    )
  }
  return (
    <section class="panel api-answer" aria-label={api.result}>
      <header>
        <h3>{api.result}</h3>
        <span class="hint">{api.took(formatDuration(answer.ms))}</span>
      </header>
      <JsonTree label={api.result} source={answer.json} isOpen />
    </section>
  )
}
