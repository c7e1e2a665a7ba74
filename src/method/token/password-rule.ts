import { invalidInput } from '../../errors.ts'

const minLength = 8
const maxLength = 256

/** Throws RpcError 108 (`password_too_short`, `password_too_long`) unless it has 8 to 256 characters. */
export function requirePassword(password: string, path: string): void {
  const length = [...password].length
  if (length < minLength) {
    throw invalidInput(path, `must have at least ${minLength} characters`, 'password_too_short')
  }
  if (length > maxLength) {
    throw invalidInput(path, `must have at most ${maxLength} characters`, 'password_too_long')
  }
}
