import { signal } from '@preact/signals'
import { DaybookConnectionError, DaybookError } from '../client/client.ts'
import { text } from './language.ts'

export interface Toast {
  readonly id: number
  readonly kind: 'fault' | 'note'
  readonly title: string
  readonly detail?: string | undefined
}

export const toasts = signal<readonly Toast[]>([])

const noteMs = 4000
const faultMs = 12_000
let lastId = 0

export function showNote(title: string, detail?: string): void {
  add({ kind: 'note', title, detail })
}

/** Says what did not work, and why: the server's message, reason and path. */
export function showFault(error: unknown, title = text().fault.title): void {
  add({ kind: 'fault', title, detail: describeFault(error) })
}

export function dismiss(id: number): void {
  toasts.value = toasts.peek().filter(each => each.id !== id)
}

/** A fault in a line for people, e.g. `expected a string (wrong_type at query.condition[0])`. */
export function describeFault(error: unknown): string {
  const { fault } = text()
  if (error instanceof DaybookError) {
    const where = error.path === undefined ? '' : ` ${fault.at(error.path)}`
    return `${error.message} (${error.reason}${where})`
  }
  if (error instanceof DaybookConnectionError) return fault.unreachable
  return error instanceof Error ? error.message : fault.unexpected
}

function add(toast: Omit<Toast, 'id'>): void {
  const same = toasts.peek().find(({ title, detail }) => title === toast.title && detail === toast.detail)
  if (same !== undefined) return
  const id = ++lastId
  toasts.value = [...toasts.peek().slice(-3), { id, ...toast }]
  setTimeout(() => dismiss(id), toast.kind === 'fault' ? faultMs : noteMs)
}
