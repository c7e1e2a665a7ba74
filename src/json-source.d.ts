// JSON.parse source text access (ECMAScript proposal, in Node since 21); TypeScript's libraries lack it.
interface JSON {
  isRawJSON(value: unknown): boolean
  rawJSON(text: string): { readonly rawJSON: string }
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown
}
