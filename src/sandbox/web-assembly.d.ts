/** The little of WebAssembly that is used here; TypeScript declares it only together with the whole of the browser. */
declare namespace WebAssembly {
  class Module {
    private constructor()
  }

  class Memory {
    constructor(descriptor: { readonly initial: number; readonly maximum: number })
    readonly buffer: ArrayBuffer
  }

  function compile(bytes: Uint8Array): Promise<Module>
}
