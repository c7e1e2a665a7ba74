/** A handler as `event-handler_list` shows it. */
export interface ShownHandler {
  readonly full_name: string
  readonly sender: string
  readonly event_type: string
  readonly target: ShownTarget
  readonly retry: { readonly limit: number; readonly delay_ms: number; readonly backoff: boolean }
  readonly timeout_ms: number
  readonly concurrency: number | null
  readonly schedule: { readonly cron: string; readonly tz: string } | null
  readonly enabled: boolean
  readonly description: string | null
  readonly next_fire_time: number | null
}

export type ShownTarget =
  | { readonly kind: 'js_worker'; readonly name: string }
  | { readonly kind: 'webhook'; readonly url: string }
  | { readonly kind: 'remote' | 'local' }

export const targetKinds = ['js_worker', 'webhook', 'remote', 'local'] as const

/** What the fields of the form hold: texts, as they are typed. */
export interface HandlerForm {
  readonly full_name: string
  readonly sender: string
  readonly event_type: string
  readonly kind: (typeof targetKinds)[number]
  readonly script: string
  readonly url: string
  /** Empty: stays as it is. */
  readonly secret: string
  readonly retry_limit: string
  readonly retry_delay_ms: string
  readonly retry_backoff: boolean
  readonly timeout_ms: string
  readonly concurrency: string
  readonly cron: string
  readonly tz: string
  readonly description: string
}

/** The form of a handler, or of a new one as the server makes it where nothing is said. */
export function formOfHandler(handler: ShownHandler | undefined): HandlerForm {
  const target = handler?.target
  return {
    full_name: handler?.full_name ?? '',
    sender: handler?.sender ?? '',
    event_type: handler?.event_type ?? 'events.NormalType',
    kind: target?.kind ?? 'js_worker',
    script: target?.kind === 'js_worker' ? target.name : '',
    url: target?.kind === 'webhook' ? target.url : '',
    secret: '',
    retry_limit: String(handler?.retry.limit ?? 2),
    retry_delay_ms: String(handler?.retry.delay_ms ?? 1000),
    retry_backoff: handler?.retry.backoff ?? true,
    timeout_ms: String(handler?.timeout_ms ?? 30_000),
    concurrency: String(handler?.concurrency ?? ''),
    cron: handler?.schedule?.cron ?? '',
    tz: handler?.schedule?.tz ?? '',
    description: handler?.description ?? '',
  }
}

/** The parameters of `event-handler_create`, and of `event-handler_update`; the server says what is wrong with them. */
export function paramsOfForm(form: HandlerForm): Readonly<Record<string, unknown>> {
  const { full_name, sender, event_type, cron, tz, description } = form
  return {
    full_name,
    sender,
    event_type,
    target: targetOf(form),
    retry: {
      limit: numberOf(form.retry_limit),
      delay_ms: numberOf(form.retry_delay_ms),
      backoff: form.retry_backoff,
    },
    timeout_ms: numberOf(form.timeout_ms),
    concurrency: form.concurrency.trim() === '' ? null : numberOf(form.concurrency),
    schedule: cron.trim() === '' ? null : { cron: cron.trim(), ...(tz.trim() !== '' && { tz: tz.trim() }) },
    description: description === '' ? null : description,
  }
}

function targetOf({ kind, script, url, secret }: HandlerForm): object {
  if (kind === 'js_worker') return { kind, name: script }
  if (kind === 'webhook') return { kind, url, ...(secret !== '' && { secret }) }
  return { kind }
}

/** What is no number stays as it is, so that the server can name the place. */
function numberOf(text: string): number | string {
  const number = Number(text)
  return text.trim() === '' || Number.isNaN(number) ? text : number
}
