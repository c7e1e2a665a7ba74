import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ApiDocument } from './model/schema-form.ts'
import { call } from './rpc.ts'

const loaded = signal<ApiDocument | undefined>(undefined)
const failed = signal<unknown>(undefined)
let loading: Promise<ApiDocument> | undefined

/** The document of all methods. It is the same for every session, so it is fetched once. */
export function loadApiDocument(): Promise<ApiDocument> {
  loading ??= call('rpc.discover', {}).then(
    document => {
      loaded.value = document as ApiDocument
      return document as ApiDocument
    },
    (error: unknown) => {
      loading = undefined
      failed.value = error
      throw error
    },
  )
  return loading
}

/** The document once it is there, and why it is not. */
export function useApiDocument(): { readonly document: ApiDocument | undefined; readonly error: unknown } {
  useEffect(() => {
    if (loaded.peek() === undefined) loadApiDocument().catch(() => undefined)
  }, [])
  return { document: loaded.value, error: loaded.value === undefined ? failed.value : undefined }
}
