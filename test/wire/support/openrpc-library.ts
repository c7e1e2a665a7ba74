import { createRequire } from 'node:module'

export interface OpenRpcExample {
  readonly params: readonly { readonly name: string; readonly value: unknown }[]
  readonly result: { readonly value: unknown }
}

export interface OpenRpcMethod {
  readonly name: string
  readonly examples: readonly OpenRpcExample[]
  readonly tags?: readonly { readonly name: string }[]
  readonly params: readonly { readonly name: string; readonly required?: boolean; readonly schema: unknown }[]
  readonly result: { readonly name: string; readonly schema: unknown }
}

export interface OpenRpcDocument {
  readonly openrpc: string
  readonly methods: readonly OpenRpcMethod[]
  readonly components: { readonly schemas: object }
}

/** What the tests use of @open-rpc/schema-utils-js. */
interface OpenRpcLibrary {
  /** Resolves to the document without references. Rejects when it is none. */
  parseOpenRPCDocument(document: OpenRpcDocument): Promise<OpenRpcDocument>
  /** True, or an error. */
  validateOpenRPCDocument(document: OpenRpcDocument): unknown
  MethodCallValidator: new (
    document: OpenRpcDocument,
  ) => { validate(method: string, params: unknown): unknown }
}

// Its own types are TypeScript sources that our compiler would check, and find faults in.
export const openRpcLibrary = createRequire(import.meta.url)('@open-rpc/schema-utils-js') as OpenRpcLibrary
