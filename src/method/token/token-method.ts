import { z } from 'zod'
import type { Clock } from '../../async/clock.ts'
import type { Actor } from '../../audit/entry.ts'
import type { OftenTold } from '../../audit/often.ts'
import { writeDeed } from '../../audit/write.ts'
import type { Database, Runner } from '../../database/database.ts'
import type { KeyAndSecret } from '../../permission/credential.ts'
import type { Jwts } from '../../permission/jwt.ts'
import type { Passwords } from '../../permission/password.ts'
import type { Authenticator } from '../../token/authenticator.ts'
import { type DefinedMethod, defineMethod, type ParamsShape, type TokenMethodOptions } from '../method.ts'

/** What the token methods work with. */
export interface TokenDeps {
  readonly database: Database
  readonly authenticator: Authenticator
  readonly jwts: Jwts
  readonly passwords: Passwords
  readonly pepper: string
  readonly clock: Clock
  readonly often: Pick<OftenTold, 'note'>
  /**
   * Puts the super token's new secret where its owner finds it, before the old one ends; when it throws, nothing
   * is changed.
   */
  saveSuperToken(rolled: KeyAndSecret): Promise<unknown>
}

export interface ToldToken {
  readonly by: Actor
  /** The key of the token that was changed. */
  readonly target: string
  readonly members?: readonly string[]
}

/** Tells the audit trail, in the transaction of the change. */
export function told({ clock }: TokenDeps, runner: Pick<Runner, 'run'>, change: ToldToken): Promise<void> {
  return writeDeed(runner, change, clock())
}

interface TokenMethod<Name extends string, Shape extends ParamsShape, Result extends z.ZodType>
  extends TokenMethodOptions<Name, Shape, Result> {
  handle(call: Parameters<TokenMethodOptions<Name, Shape, Result>['handle']>[0]): Promise<z.infer<Result>>
}

/** The same as `defineMethod`, with the result typed by its schema as well. */
export function defineTokenMethod<
  const Name extends string,
  const Shape extends ParamsShape,
  Result extends z.ZodType,
>(method: TokenMethod<Name, Shape, Result>): DefinedMethod<Name, Shape, Result> {
  return defineMethod(method)
}

export const keyAndSecretSchema = z.strictObject({ key: z.string(), secret: z.string() })
