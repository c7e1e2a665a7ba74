/** The path of an execution's events; the name goes in encoded. */
export function executionPath(execution: string): string {
  return `/v1/executions/${encodeURIComponent(execution)}/events`
}

/** An error in the shape of its surface. */
export function gcsError(number: string, message: unknown): object {
  return { error_code: `GCS.${number}`, error_msg: message }
}

/** What an event needs at least. */
export const least = { involvedObject: { name: 'o', namespace: 's' }, reason: 'r', message: 'm' }
