import { text } from '../language.ts'
import { isAbsence } from '../rpc.ts'
import { describeFault } from '../toast.ts'
import { Icon } from './icon.tsx'

export interface FaultProps {
  readonly error: unknown
  readonly onRetry?: () => void
}

/** Why a part of a screen is empty. What the server does not have, or does not show to this user, is no error. */
export function Fault({ error, onRetry }: FaultProps) {
  if (error === undefined) return null
  if (isAbsence(error)) return <p class="absence">{text().app.notAvailable}</p>
  return (
    <div class="fault" role="alert">
      <Icon name="warning" />
      <span>{describeFault(error)}</span>
      {onRetry !== undefined && (
        <button type="button" class="button button-small" onClick={onRetry}>
          {text().app.retry}
        </button>
      )}
    </div>
  )
}
