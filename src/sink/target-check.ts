const maxHeaderValue = 4096

/** Host and port as `nats-server` takes clients, with or without its scheme; no credentials. */
const server = /^(?:(?:nats|tls):\/\/)?(?:\[[\da-fA-F:.]+\]|[\w.-]+)(?::\d{1,5})?$/

/** What is wrong with the address of a NATS server, or undefined. */
export function natsServerFault(text: string): string | undefined {
  return server.test(text) ? undefined : 'expected host:port, nats://host:port or tls://host:port'
}

/** What is wrong with a subject to publish to, or undefined. Those that begin with `$` are NATS's own. */
export function natsSubjectFault(text: string): string | undefined {
  if (text.length > 255) return 'expected at most 255 characters'
  if (/^[^\s.*>$\p{Cc}][^\s.*>\p{Cc}]*(?:\.[^\s.*>\p{Cc}]+)*$/u.test(text)) return undefined
  return 'expected words with dots between them, without wildcards or blanks, not beginning with $'
}

/** What is wrong with the name of a stream, or undefined. */
export function natsStreamFault(text: string): string | undefined {
  return /^[^\s.*>/\\\p{Cc}]{1,255}$/u.test(text) ? undefined : 'expected the name of a stream'
}

/** What is wrong with the seed of a user's nkey, or undefined. */
export function natsSeedFault(text: string): string | undefined {
  return /^SU[A-Z2-7]{56}$/.test(text) ? undefined : 'expected the seed of a user, which begins with SU'
}

/** What is wrong with the name of a sink's file, or undefined. */
export function fileNameFault(text: string): string | undefined {
  if (/^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/.test(text)) return undefined
  return 'expected 1 to 64 letters, digits, dots, dashes and underscores, not beginning with a dot or a dash'
}

/** What is wrong with the value of a header, or undefined. */
export function headerValueFault(text: string): string | undefined {
  return text.length <= maxHeaderValue ? undefined : `expected at most ${maxHeaderValue} characters`
}
