/** The path of a service's events; names go in encoded. */
export function eventsPath(service: string, query = '', project = 'p'): string {
  const [project_id, service_id] = [project, service].map(encodeURIComponent)
  return `/v1/${project_id}/services/${service_id}/events${query === '' ? '' : `?${query}`}`
}

/** An error in the shape of its surface. */
export function modelartsError(number: string, message: unknown): object {
  return { error_code: `ModelArts.${number}`, error_msg: message }
}
