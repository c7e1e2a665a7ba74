/** Exported bytes up to the end of their last whole record. */
export interface WholeRecords {
  readonly bytes: Uint8Array
  /** Without the header line of CSV. */
  readonly records: number
}

/** Cuts a stream of bytes at the ends of records, so that a file always ends with a whole record. */
export interface RecordCutter {
  push(chunk: Uint8Array): WholeRecords
  /** The key of the last whole record; undefined before the first. */
  lastKey(): number | undefined
}

const newline = 0x0a
const quote = 0x22

/** The key is the first member of a record and its first cell. */
const keys = { ndjson: /^\{"[^"]+":(-?\d+)[,}]/, csv: /^(-?\d+)(?:,|\r?\n)/ }

export function createRecordCutter(format: keyof typeof keys): RecordCutter {
  // In CSV a line may end within a cell.
  const isCsv = format === 'csv'
  let isQuoted = false
  let lines = 0
  let held: Uint8Array = new Uint8Array()
  let last: Uint8Array = new Uint8Array()

  return {
    push(chunk) {
      const before = Math.max(0, isCsv ? lines - 1 : lines)
      let end = 0
      let start = 0
      for (let i = 0; i < chunk.length; i++) {
        const byte = chunk[i]
        if (byte === quote && isCsv) isQuoted = !isQuoted
        else if (byte === newline && !isQuoted) {
          lines++
          start = end
          end = i + 1
        }
      }
      if (end === 0) {
        held = Buffer.concat([held, chunk])
        return { bytes: new Uint8Array(), records: 0 }
      }
      const bytes = Buffer.concat([held, chunk.subarray(0, end)])
      // The first line of a chunk starts in the bytes that were held.
      last = start === 0 ? bytes : chunk.subarray(start, end)
      held = chunk.subarray(end)
      return { bytes, records: (isCsv ? lines - 1 : lines) - before }
    },
    lastKey() {
      const text = Buffer.from(last.subarray(0, 1000)).toString()
      const key = keys[format].exec(text)?.[1]
      return key === undefined ? undefined : Number(key)
    },
  }
}
