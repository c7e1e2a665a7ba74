import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ParamsOf, RetentionRule } from '../../client/client.ts'
import { formatCount, formatTime } from '../format.ts'
import { text } from '../language.ts'
import { resourceTitle } from '../resource-title.ts'
import { call, useCall } from '../rpc.ts'
import { ConditionField } from './condition-field.tsx'
import { Fault } from './fault.tsx'
import { FormDialog } from './form-dialog.tsx'
import { ResourceField } from './resource-field.tsx'
import { SpanField } from './span-field.tsx'

const dayMs = 86_400_000

interface RuleDialogProps {
  /** Absent: a new one. */
  readonly rule: RetentionRule | undefined
  readonly onDone: () => void
  readonly onClose: () => void
}

/** A retention rule, with what it would delete now. Of one that is there only the age can be changed. */
export function RuleDialog({ rule, onDone, onClose }: RuleDialogProps) {
  const { retention } = text()
  const resource = useSignal(rule?.resource ?? 'js-result')
  const condition = useSignal<readonly unknown[]>(rule?.query.condition ?? [])
  const ageMs = useSignal(rule?.older_than_ms ?? 30 * dayMs)
  const given = {
    resource: resource.value,
    query: { condition: condition.value },
    older_than_ms: ageMs.value,
  }

  async function save(): Promise<void> {
    await call('retention_set', given as ParamsOf<'retention_set'>)
    onDone()
  }

  return (
    <FormDialog
      title={rule === undefined ? retention.create : retention.changeTitle}
      submitLabel={retention.save}
      onSubmit={save}
      onClose={onClose}
    >
      {rule === undefined ? (
        <>
          <ResourceField resource={resource} />
          <ConditionField resource={resource.value} condition={condition} />
        </>
      ) : (
        <p>
          {resourceTitle(rule.resource)} <code>{JSON.stringify(rule.query.condition)}</code>
        </p>
      )}
      <SpanField label={retention.age} hint={retention.ageHint} ms={ageMs} />
      <RetentionPreview params={given as ParamsOf<'retention_preview'>} />
    </FormDialog>
  )
}

const settleMs = 400

/** What a rule would delete now. Asked once its parameters have stood still for a moment. */
export function RetentionPreview({ params }: { readonly params: ParamsOf<'retention_preview'> }) {
  const { retention } = text()
  const settled = useSignal<ParamsOf<'retention_preview'> | undefined>(undefined)
  const key = JSON.stringify(params)
  useEffect(() => {
    const timer = setTimeout(() => {
      settled.value = params
    }, settleMs)
    return () => clearTimeout(timer)
  }, [key])
  const { data, error, isLoading } = useCall('retention_preview', settled.value, { keepsOld: false })
  const found = data.value
  return (
    <div role="status" aria-busy={isLoading.value}>
      <Fault error={error.value} />
      {found === undefined && error.value === undefined && <p class="hint">{retention.counting}</p>}
      {found !== undefined && (
        <p class="notice">
          <strong>{retention.wouldDelete(formatCount(found.would_delete))}</strong>
          {found.oldest !== null && <span>{retention.oldest(formatTime(found.oldest))}</span>}
        </p>
      )}
    </div>
  )
}
