import { abortLibrary } from './abort.ts'
import { cloneLibrary } from './clone.ts'
import { consoleLibrary } from './console.ts'
import { cryptoLibrary } from './crypto.ts'
import { encodingLibrary } from './encoding.ts'
import { faultLibrary } from './fault.ts'
import { fetchLibrary } from './fetch.ts'
import { httpLibrary } from './http.ts'
import { inspectLibrary } from './inspect.ts'
import { intlLibrary } from './intl.ts'
import type { Libraries } from './kit.ts'
import { nodegetLibrary } from './nodeget.ts'
import { timerLibrary } from './timers.ts'
import { urlLibrary } from './url.ts'

const libraries: Readonly<Record<keyof Libraries, (kit: never) => unknown>> = {
  abort: abortLibrary,
  clone: cloneLibrary,
  console: consoleLibrary,
  crypto: cryptoLibrary,
  encoding: encodingLibrary,
  fault: faultLibrary,
  fetch: fetchLibrary,
  http: httpLibrary,
  inspect: inspectLibrary,
  intl: intlLibrary,
  nodeget: nodegetLibrary,
  timers: timerLibrary,
  url: urlLibrary,
}

/** The source text of each library: an expression that is a function of the kit. */
export const librarySources: ReadonlyMap<string, string> = new Map(
  Object.entries(libraries).map(([name, library]) => [name, `(${library.toString()})`]),
)
