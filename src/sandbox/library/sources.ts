import { abortLibrary } from './abort.ts'
import { bodyLibrary } from './body.ts'
import { cloneLibrary } from './clone.ts'
import { consoleLibrary } from './console.ts'
import { cryptoLibrary } from './crypto.ts'
import { encodingLibrary } from './encoding.ts'
import { exceptionLibrary } from './exception.ts'
import { faultLibrary } from './fault.ts'
import { fetchLibrary } from './fetch.ts'
import { formatLibrary } from './format.ts'
import { headerLibrary } from './headers.ts'
import { inspectLibrary } from './inspect.ts'
import { intlLibrary } from './intl.ts'
import { localeLibrary } from './locale.ts'
import { nodegetLibrary } from './nodeget.ts'
import { pairLibrary } from './pairs.ts'
import { requestLibrary } from './request.ts'
import { responseLibrary } from './response.ts'
import { timerLibrary } from './timers.ts'
import { urlLibrary } from './url.ts'

const libraries = {
  abort: abortLibrary,
  body: bodyLibrary,
  clone: cloneLibrary,
  console: consoleLibrary,
  crypto: cryptoLibrary,
  encoding: encodingLibrary,
  exception: exceptionLibrary,
  fault: faultLibrary,
  fetch: fetchLibrary,
  format: formatLibrary,
  headers: headerLibrary,
  inspect: inspectLibrary,
  intl: intlLibrary,
  locale: localeLibrary,
  nodeget: nodegetLibrary,
  pairs: pairLibrary,
  request: requestLibrary,
  response: responseLibrary,
  timers: timerLibrary,
  url: urlLibrary,
}

export type Libraries = typeof libraries

/** What each of them makes. */
export type Made = { [K in keyof Libraries]: ReturnType<Libraries[K]> }

/** The source text of each library: an expression that is a function of the kit. */
export const librarySources: ReadonlyMap<string, string> = new Map(
  Object.entries(libraries).map(([name, library]) => [name, `(${library})`]),
)
