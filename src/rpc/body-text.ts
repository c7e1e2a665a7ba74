import { checkParsed, type ExactNumber, mayHoldBadString, readExact } from '../json.ts'
import { findMembers, mayHoldLongNumber, valueBegin } from '../json-scan.ts'
import { SentParams } from '../method/sent-params.ts'

/** What JSON-RPC 2.0 allows as an id (section 4); a number that a double cannot hold keeps its text. */
export type Id = string | number | null | ExactNumber

/**
 * The member `id` with a number that a double may not hold. Whatever else looks like it costs a search, and
 * is not taken.
 */
const longId = /"(?:i|\\u0069)(?:d|\\u0064)"\s*:\s*-?(?:[\d.]{16}|[\d.]+[eE])/

/**
 * The text of a body that JSON.parse has accepted: for numbers it has rounded, and for checks of the whole
 * text that run once, and only when needed.
 */
export class BodyText {
  readonly #text: string
  readonly #depth: number
  #hasLongId: boolean | undefined
  #hasLongNumber: boolean | undefined
  #hasBadString: boolean | undefined
  #requests: ReadonlyMap<string | number, number> | undefined

  /** `depth`: how deep the whole text may nest. */
  constructor(text: string, depth: number) {
    this.#text = text
    this.#depth = depth
  }

  /**
   * The id of a request as it was written; `rounded`: as JSON.parse has it, `index`: the request's in its
   * batch.
   */
  idOf(rounded: number, index: number | undefined): Id {
    this.#hasLongId ??= longId.test(this.#text)
    if (!this.#hasLongId) return rounded
    const at = findMembers(this.#text, this.#beginOf(index), key => key === 'id').get('id')
    return at === undefined ? rounded : (readExact(this.#text, at) as Id)
  }

  /** The parameters of a request; `rough`: as JSON.parse has them. */
  paramsOf(rough: object | undefined, index: number | undefined): SentParams {
    return new BodyParams(this, rough, index)
  }

  /** Throws RpcError 110 and -32602. */
  settle(rough: object, index: number | undefined, exact: ReadonlySet<string | number>): object {
    this.#hasBadString ??= mayHoldBadString(this.#text)
    const depth = this.#depth - (index === undefined ? 1 : 2)
    checkParsed(rough, this.#hasBadString, depth)
    if (exact.size === 0) return rough
    this.#hasLongNumber ??= mayHoldLongNumber(this.#text)
    if (!this.#hasLongNumber) return rough
    const settled = this.#withExact(rough, index, exact)
    checkParsed(settled, this.#hasBadString, depth)
    return settled
  }

  #withExact(rough: object, index: number | undefined, exact: ReadonlySet<string | number>): object {
    const begin = findMembers(this.#text, this.#beginOf(index), key => key === 'params').get('params')
    if (begin === undefined) return rough
    const members = findMembers(this.#text, begin, key => exact.has(key))
    const copy = Array.isArray(rough) ? [...rough] : { ...rough }
    for (const [key, at] of members)
      (copy as Record<string | number, unknown>)[key] = readExact(this.#text, at)
    return copy
  }

  #beginOf(index: number | undefined): number {
    const begin = valueBegin(this.#text)
    if (index === undefined) return begin
    this.#requests ??= findMembers(this.#text, begin, () => true)
    return this.#requests.get(index) ?? begin
  }
}

class BodyParams extends SentParams {
  readonly rough: object | undefined
  readonly #body: BodyText
  readonly #index: number | undefined

  constructor(body: BodyText, rough: object | undefined, index: number | undefined) {
    super()
    this.rough = rough
    this.#body = body
    this.#index = index
  }

  settle(exact: ReadonlySet<string | number>): object | undefined {
    return this.rough && this.#body.settle(this.rough, this.#index, exact)
  }
}
