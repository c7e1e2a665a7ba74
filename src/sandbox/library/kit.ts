import type { abortLibrary } from './abort.ts'
import type { cloneLibrary } from './clone.ts'
import type { consoleLibrary } from './console.ts'
import type { cryptoLibrary } from './crypto.ts'
import type { encodingLibrary } from './encoding.ts'
import type { faultLibrary } from './fault.ts'
import type { fetchLibrary } from './fetch.ts'
import type { httpLibrary } from './http.ts'
import type { inspectLibrary } from './inspect.ts'
import type { intlLibrary } from './intl.ts'
import type { nodegetLibrary } from './nodeget.ts'
import type { timerLibrary } from './timers.ts'
import type { urlLibrary } from './url.ts'

/**
 * Parts of what a script finds, made in its own context when they are first asked for: to compile them all would cost
 * more than most runs. Their source text is evaluated there, so each may use nothing from outside itself but its kit.
 */
export interface Libraries {
  readonly abort: ReturnType<typeof abortLibrary>
  readonly clone: ReturnType<typeof cloneLibrary>
  readonly console: ReturnType<typeof consoleLibrary>
  readonly crypto: ReturnType<typeof cryptoLibrary>
  readonly encoding: ReturnType<typeof encodingLibrary>
  readonly fault: ReturnType<typeof faultLibrary>
  readonly fetch: ReturnType<typeof fetchLibrary>
  readonly http: ReturnType<typeof httpLibrary>
  readonly inspect: ReturnType<typeof inspectLibrary>
  readonly intl: ReturnType<typeof intlLibrary>
  readonly nodeget: ReturnType<typeof nodegetLibrary>
  readonly timers: ReturnType<typeof timerLibrary>
  readonly url: ReturnType<typeof urlLibrary>
}

/** What libraries get of the prelude. */
export interface Kit {
  /** The way to the host. */
  readonly host: (operation: string, ...args: (string | number | ArrayBuffer)[]) => unknown
  /** A function of the host that answers at once. Throws what it throws. */
  readonly native: (name: string, args: readonly unknown[], ...buffers: ArrayBuffer[]) => unknown
  readonly library: <K extends keyof Libraries>(name: K) => Libraries[K]
  /** Asks the host for what takes time; `onId` gets what the operation `abort` takes. */
  readonly request: (name: string, args: readonly unknown[], onId?: (id: number) => void) => Promise<unknown>
  /** The text of any value, as on the console. */
  readonly display: (value: unknown) => string
  /** Ends the run with what was thrown. */
  readonly fail: (error: unknown) => void
  /** Of a console line, in UTF-16 units. */
  readonly maxTextLength: number
}
