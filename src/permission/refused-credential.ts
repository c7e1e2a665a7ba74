import { type ReasonOf, RpcError } from '../errors.ts'

/** 102 for a credential that names a token and does not hold. The token's key is for the audit trail, never for the caller. */
export class RefusedCredential extends RpcError {
  readonly tokenKey: string

  constructor(
    tokenKey: string,
    reason: ReasonOf<'permission_denied'> = 'permission_denied',
    message = 'Permission denied',
  ) {
    super(reason, message)
    this.tokenKey = tokenKey
  }
}
