/** The little of WebAssembly that is used here; TypeScript declares it only together with the whole of the browser. */
declare namespace WebAssembly {
  type Imports = object
  type Exports = Readonly<Record<string, unknown>>

  class Module {
    constructor(bytes: Uint8Array)
  }

  class Instance {
    constructor(module: Module, imports: Imports)
    readonly exports: Exports
  }

  class Memory {
    constructor(descriptor: { readonly initial: number; readonly maximum: number })
    readonly buffer: ArrayBuffer
  }

  class Table {
    private constructor()
    /** Answers with the index of the first new element. */
    grow(by: number): number
    set(index: number, value: unknown): void
  }

  function compile(bytes: Uint8Array): Promise<Module>
}
