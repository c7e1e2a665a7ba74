import { computed, type Signal, signal, useSignal } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import {
  type CallOptions,
  createClient,
  DaybookConnectionError,
  DaybookError,
  type ParamsOf,
  type ResultOf,
} from '../client/client.ts'
import { checkSession, isRefused, serverUrl, session } from './session.ts'

/** Whether the last answer came: what is shown is what was true then. */
export const isReachable = signal(true)

/** The client of the session; a new session has a new one. */
export const client = computed(() => createClient({ url: serverUrl, token: session.value?.token }))

/**
 * Calls a method as the user who is logged in. Throws DaybookError and DaybookConnectionError; a credential
 * that is gone ends the session as well.
 */
export async function call<M extends string>(
  method: M,
  params: ParamsOf<M>,
  options?: CallOptions,
): Promise<ResultOf<M>> {
  try {
    const result = await client.peek().call(method, params, options)
    isReachable.value = true
    return result
  } catch (error) {
    await noteFault(error, options?.signal)
    throw error
  }
}

/** While nothing else is called: whether the server is there, and the credential still holds. */
const lookEveryMs = 30_000
const retryEveryMs = 5000

export function startLooking(): void {
  let lookedAt = Date.now()
  setInterval(() => {
    const isDue = !isReachable.peek() || Date.now() - lookedAt >= lookEveryMs
    if (!isDue || document.hidden || session.peek() === undefined) return
    lookedAt = Date.now()
    call('token_get', {}).catch(() => undefined)
  }, retryEveryMs)
}

/** What a fault of any request says about the connection and the session. */
export async function noteFault(error: unknown, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return
  isReachable.value = !(error instanceof DaybookConnectionError) || error.status !== undefined
  if (isRefused(error)) await checkSession()
}

/**
 * Whether a method, or a part of it, is not there yet or not for this user: then there is nothing to show,
 * and nothing is wrong.
 */
export function isAbsence(error: unknown): boolean {
  return error instanceof DaybookError && (error.reason === 'method_not_found' || error.code === 102)
}

/** What is known of a call. */
export interface Called<T> {
  /** The last answer, also while the next one is awaited or after it failed. */
  readonly data: Signal<T | undefined>
  /** Why there is no newer answer. */
  readonly error: Signal<unknown>
  readonly isLoading: Signal<boolean>
  reload(): void
}

export interface UseCallOptions {
  /** Calls again each time so many milliseconds have passed, while the page is seen; absent: once. */
  readonly every?: number | undefined
  /** Whether the answer to other parameters is shown until the new one is there. */
  readonly keepsOld?: boolean
}

/**
 * Calls a method now and each time its parameters change; undefined calls nothing. An answer that is no
 * longer wanted is given up.
 */
export function useCall<M extends string>(
  method: M,
  params: ParamsOf<M> | undefined,
  { every, keepsOld = true }: UseCallOptions = {},
): Called<ResultOf<M>> {
  const data = useSignal<ResultOf<M> | undefined>(undefined)
  const error = useSignal<unknown>(undefined)
  const isLoading = useSignal(params !== undefined)
  const again = useRef<() => void>(() => undefined)
  const key = params === undefined ? undefined : `${method} ${JSON.stringify(params)}`
  // The key is the method and its parameters.
  useEffect(() => {
    if (!keepsOld) data.value = undefined
    error.value = undefined
    isLoading.value = params !== undefined
    if (params === undefined) {
      data.value = undefined
      return
    }
    let going: AbortController | undefined
    const load = async (): Promise<void> => {
      going?.abort()
      const own = new AbortController()
      going = own
      isLoading.value = true
      try {
        const answer = await call(method, params, { signal: own.signal })
        if (own.signal.aborted) return
        data.value = answer
        error.value = undefined
      } catch (fault) {
        if (own.signal.aborted) return
        error.value = fault
      }
      isLoading.value = false
    }
    again.current = () => void load()
    void load()
    const timer = every === undefined ? undefined : setInterval(() => !document.hidden && void load(), every)
    return () => {
      clearInterval(timer)
      going?.abort()
    }
  }, [key, every])
  return useMemo(() => ({ data, error, isLoading, reload: () => again.current() }), [data, error, isLoading])
}
