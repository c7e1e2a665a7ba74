import type { RowTaker } from '../../src/database/byte-query.ts'

/** Takes rows of one text. */
export class Texts implements RowTaker {
  readonly formats = [0] as const
  readonly #most: number
  readonly #hopeless: number
  rows: string[] = []
  leftOut = 0
  #passed = 0

  constructor(most = 1_000_000, hopeless = Number.POSITIVE_INFINITY) {
    this.#most = most
    this.#hopeless = hopeless
  }

  get isHopeless(): boolean {
    return this.#passed > this.#hopeless
  }

  begin(): void {
    this.rows = []
    this.leftOut = 0
    this.#passed = 0
  }

  wants(length: number): boolean {
    if (length <= this.#most) return true
    this.leftOut++
    this.#passed += length
    return false
  }

  take(bytes: Buffer, at: number): void {
    this.rows.push(bytes.toString('utf8', at + 4, at + 4 + bytes.readInt32BE(at)))
  }
}
