/** DOMException, and the errors of the host's native functions. */
export function exceptionLibrary() {
  const codes: Readonly<Record<string, number>> = {
    InvalidCharacterError: 5,
    NotSupportedError: 9,
    InvalidAccessError: 15,
    AbortError: 20,
    QuotaExceededError: 22,
    TimeoutError: 23,
    DataCloneError: 25,
  }

  class DOMException extends Error {
    constructor(message: unknown = '', name: unknown = 'Error') {
      super(String(message))
      Object.defineProperty(this, 'name', { value: String(name), configurable: true, writable: true })
    }

    get code(): number {
      return Object.hasOwn(codes, this.name) ? Number(codes[this.name]) : 0
    }
  }

  /** An error as the host's native functions describe it. */
  function errorOf({ name, message }: { readonly name: string; readonly message: string }): Error {
    if (name === 'TypeError') return new TypeError(message)
    return name === 'RangeError' ? new RangeError(message) : new DOMException(message, name)
  }

  return { errorOf, DOMException }
}
