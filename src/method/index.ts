import { resources } from '../resource/index.ts'
import type { LogMethodDeps } from './log/log-method.ts'
import { logMethods } from './log-methods.ts'
import type { Method } from './method.ts'
import { discoverMethod } from './openrpc.ts'
import { helloMethod } from './server.ts'
import { type TokenDeps, tokenMethods } from './token.ts'

export interface MethodDeps {
  readonly log: LogMethodDeps
  readonly token: TokenDeps
  /** This program's version. */
  readonly version: string
}

/** Every method there is. */
export function createMethods({ log, token, version }: MethodDeps): readonly Method[] {
  const methods = [
    helloMethod,
    ...resources.flatMap(resource => logMethods(resource, log)),
    ...tokenMethods(token),
  ]
  return [...methods, discoverMethod(methods, version)]
}
