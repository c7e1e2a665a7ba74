import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from 'quickjs-emscripten-core'

/** The module that a run or check consists of. */
export interface ScriptModule {
  readonly source: string
  /** Its name in stack traces. */
  readonly file: string
  /** Told of every import of a module, before it is refused. */
  readonly onImport: (specifier: string) => void
}

/**
 * Modules of the sandbox's own; no worker's name can hold a bracket. The root imports the gate, which throws, and the
 * script: with that the script is compiled and linked, and nothing of it has run. The start then evaluates it.
 * (QuickJS's own way to compile only reads invalid memory once it succeeds.)
 */
const root = '<root>'
const gate = '<gate>'
const start = '<start>'
const script = '<script>'
const rootSource = `import '${gate}'; import '${script}'`
const gateSource = `throw '${gate}'`
const startSource = `import * as module from '${script}'; export { module }`

/** Compiles and evaluates one module after the other, none of which may import another. */
export function createModuleLoader(runtime: QuickJSRuntime, context: QuickJSContext) {
  let current: ScriptModule | undefined
  let isCompiling = false
  runtime.setModuleLoader(
    // Also asked for a name of its own after the other function has refused one.
    name => {
      if (isCompiling && name === gate) return gateSource
      return isCompiling && name === current?.file ? current.source : refuse()
    },
    (from, specifier) => {
      if (from === root && specifier === gate) return gate
      if ((from === root || from === start) && specifier === script && current) return current.file
      current?.onImport(specifier)
      return refuse()
    },
  )

  /** Compiles the module; what that threw, or undefined. Throws when QuickJS itself fails. */
  function compile(): QuickJSHandle | undefined {
    isCompiling = true
    const { error } = context.evalCode(rootSource, root, { type: 'module' })
    isCompiling = false
    if (error === undefined) throw new Error('the gate let the script through')
    if (context.typeof(error) !== 'string' || context.getString(error) !== gate) return error
    error.dispose()
    return undefined
  }

  return {
    use: (module: ScriptModule) => {
      current = module
    },
    isCompiling: () => isCompiling,
    compile,
    /** Evaluates the module that was compiled: the result holds its namespace as `module`. */
    evaluate: () => context.evalCode(startSource, start, { type: 'module' }),
  }
}

function refuse(): { error: Error } {
  return { error: new TypeError('a script cannot import modules') }
}
