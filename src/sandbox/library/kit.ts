/**
 * A part of what a script finds, made in its own context when it is first asked for: to compile them all would cost more
 * than most runs. Its source text is evaluated there, so it may use nothing from outside itself but its kit.
 */
type Library = (kit: never) => unknown

/** What a library gets of the prelude; `Needs`: the libraries it uses itself. */
export interface Kit<Needs extends Readonly<Record<string, Library>> = Record<never, Library>> {
  /**
   * The one way out of a script's context; what comes back is a text, an ArrayBuffer or a function of the sandbox's own.
   */
  readonly host: (operation: string, ...args: (string | number | ArrayBuffer)[]) => unknown
  /** A function of the host that answers at once. Throws what it throws. */
  readonly native: (name: string, args: readonly unknown[], ...buffers: ArrayBuffer[]) => unknown
  readonly library: <K extends keyof Needs>(name: K) => ReturnType<Needs[K]>
  /** Asks the host for what takes time; `onId` gets what the operation `abort` takes. */
  readonly request: (name: string, args: readonly unknown[], onId?: (id: number) => void) => Promise<unknown>
  /** The text of any value, as on the console. */
  readonly display: (value: unknown) => string
  /** Ends the run with what was thrown. */
  readonly fail: (error: unknown) => void
  /** Of a console line, in UTF-16 units. */
  readonly maxTextLength: number
}
