import { text } from '../language.ts'
import { dismiss, toasts } from '../toast.ts'
import { Icon } from './icon.tsx'

/** What happened, for some seconds; readers of the screen hear it. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, kind, title, detail }) => (
        <div key={id} class={`toast toast-${kind}`}>
          <Icon name={kind === 'fault' ? 'warning' : 'check'} />
          <div class="toast-text">
            <strong>{title}</strong>
            {detail !== undefined && <p>{detail}</p>}
          </div>
          <button
            type="button"
            class="button-icon"
            aria-label={text().app.dismiss}
            onClick={() => dismiss(id)}
          >
            <Icon name="close" size={14} />
          </button>
        </div>
      ))}
    </div>
  )
}
