import { requestUrlFault } from './request-url.ts'

const maxCharacters = 2048

/**
 * What is wrong with the URL of a webhook, or undefined. `allow` is what the operator lets be asked although it is
 * private; without it a URL with such an address is refused at once.
 */
export function webhookUrlFault(text: string, allow: readonly string[] = []): string | undefined {
  if (text.length > maxCharacters) return `expected at most ${maxCharacters} characters`
  return requestUrlFault(text, allow)
}
