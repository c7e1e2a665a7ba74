import { type DestinationStream, destination, type Logger, pino, stdSerializers } from 'pino'

export type { Logger } from 'pino'

/** Members that hold a credential, whichever record carries them. */
const secretNames = [
  'token',
  'father_token',
  'supertoken',
  'superToken',
  'secret',
  'password',
  'new_password',
  'password_hash',
  'secret_digest',
  'jwt',
  'jwtSecret',
  'pepper',
  'bearer',
  'credential',
  'authorization',
  'cookie',
  'databaseUrl',
  'databaseReadUrl',
]

export interface LoggerOptions {
  readonly level: string
  /** Where lines go; standard error by default, because standard output belongs to data. */
  readonly stream?: DestinationStream
}

/** JSON lines without any credential. Callers never hand it the parameters of a request. */
export function createLogger({ level, stream }: LoggerOptions): Logger {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    serializers: { err: serializeError },
    redact: {
      paths: secretNames.flatMap(name => [name, `*.${name}`, `*.*.${name}`]),
      censor: '[redacted]',
    },
  }
  return pino(options, stream ?? standardError())
}

function standardError(): DestinationStream {
  return destination({ fd: 2, sync: true })
}

/** For people: each line as text, with colours on a terminal. Its package is loaded only here. */
export async function prettyStream(stream: DestinationStream = standardError()): Promise<DestinationStream> {
  const { prettyFactory } = await import('pino-pretty')
  // NO_COLOR and FORCE_COLOR are honoured by `hasColors`.
  const colorize = process.stderr.isTTY && process.stderr.hasColors()
  const format = prettyFactory({ colorize, translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l' })
  return { write: line => stream.write(format(line)) }
}

/**
 * A driver's error also carries the row or key it failed on (`detail`, `where`): only what is named here is
 * written.
 */
function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error)
  const { type, message, stack } = stdSerializers.err(error)
  return { type, message, code: 'code' in error ? error.code : undefined, stack }
}
