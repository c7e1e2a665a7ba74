/**
 * Parameters as a client sent them. Before their sender is known nobody looks at more than the credential among them: what
 * is dearer than a plain parse is done by `settle`.
 */
export abstract class SentParams {
  /** As JSON.parse has them: by name, by position, or absent. Their numbers are rounded, and nothing is checked. */
  abstract readonly rough: object | undefined

  /**
   * The same, checked for what PostgreSQL would not keep, with the exact numbers of the members (or positions) `exact`.
   * Throws RpcError 110 and -32602.
   */
  abstract settle(exact: ReadonlySet<string | number>): object | undefined
}
