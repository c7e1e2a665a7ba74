import { useState } from 'preact/hooks'
import { text } from '../language.ts'
import { go } from '../router.ts'
import { call } from '../rpc.ts'
import { showNote } from '../toast.ts'
import { FormDialog } from './form-dialog.tsx'
import { JsonField } from './value-field.tsx'

export interface SendDialogProps {
  /** What the fields begin with. */
  readonly sender: string
  readonly eventType: string
  readonly onClose: () => void
}

/** Sends an event, and shows the chain that it sets off. */
export function SendDialog({ sender: firstSender, eventType: firstType, onClose }: SendDialogProps) {
  const { handlers } = text()
  const [sender, setSender] = useState(firstSender)
  const [eventType, setEventType] = useState(firstType)
  const [kwargs, setKwargs] = useState<unknown>({})

  async function send(): Promise<void> {
    const sent = (await call('event_send' as string, { sender, event_type: eventType, kwargs })) as {
      readonly request_id: string
      readonly matched: boolean
    }
    onClose()
    if (sent.matched) go({ path: ['chain', sent.request_id], params: {} })
    else showNote(handlers.unmatched)
  }

  return (
    <FormDialog
      title={handlers.send}
      submitLabel={handlers.sendNow}
      isDisabled={sender === '' || kwargs === undefined}
      onSubmit={send}
      onClose={onClose}
    >
      <label class="field">
        <span>{handlers.eventSender}</span>
        <input
          class="input"
          spellcheck={false}
          value={sender}
          onInput={({ currentTarget }) => setSender(currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>{handlers.eventType}</span>
        <input
          class="input"
          spellcheck={false}
          value={eventType}
          onInput={({ currentTarget }) => setEventType(currentTarget.value)}
        />
      </label>
      <div class="field">
        <span>{handlers.kwargs}</span>
        <JsonField label={handlers.kwargs} input={{ type: 'json' }} value={kwargs} onChange={setKwargs} />
      </div>
    </FormDialog>
  )
}
