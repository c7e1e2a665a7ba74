import { invalidParams } from '../errors.ts'
import { checkJson, parseJson } from '../json.ts'

/**
 * The condition list that a URL's parameter `condition` holds as JSON, nested at most `maxDepth` deep. Throws RpcError
 * -32602, and 110 for one that nests deeper.
 */
export function readConditionText(text: string, maxDepth: number): readonly unknown[] {
  const condition = parsed(text)
  if (!Array.isArray(condition)) {
    throw invalidParams('condition', 'expected a JSON array of conditions', 'wrong_type')
  }
  checkJson({ condition }, text, maxDepth)
  return condition
}

function parsed(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}
