import { useId, useState } from 'preact/hooks'
import { text } from '../language.ts'
import {
  type Chip,
  type ConditionFault,
  chipOfPath,
  parseChips,
  printChips,
  replaceChip,
} from '../model/condition-chip.ts'
import type { Vocabulary } from '../model/vocabulary.ts'
import { ChipDialog, type Suggest } from './chip-dialog.tsx'
import { chipText } from './chip-text.ts'
import { ConditionJson } from './condition-json.tsx'
import { Icon } from './icon.tsx'

export interface ConditionBarProps {
  readonly vocabulary: Vocabulary
  readonly condition: readonly unknown[]
  readonly onChange: (condition: readonly unknown[]) => void
  readonly suggest?: Suggest | undefined
  readonly fault?: ConditionFault | undefined
}

/** A condition list as chips, or as the JSON that it is. Any list is shown, also what this console does not know. */
export function ConditionBar({ vocabulary, condition, onChange, suggest, fault }: ConditionBarProps) {
  const texts = text().condition
  const faultId = useId()
  const [isJson, setJson] = useState(false)
  /** The number of the chip that is changed; as many as there are: a new one. */
  const [edited, setEdited] = useState<number | undefined>(undefined)
  const chips = parseChips(condition, vocabulary)
  const faulty = chipOfPath(fault?.path)
  const change = (at: number, chip: Chip | undefined): void =>
    onChange(printChips(replaceChip(chips, at, chip)))
  return (
    <div class="conditions">
      <div class="conditions-tools">
        {!isJson && (
          <ul class="chips" aria-label={texts.title}>
            {chips.map((chip, at) => (
              <li key={`${at} ${chipText(chip, vocabulary)}`} class="chip" data-faulty={at === faulty}>
                <button
                  type="button"
                  class="chip-text cut"
                  dir="auto"
                  aria-describedby={at === faulty ? faultId : undefined}
                  onClick={() => setEdited(at)}
                >
                  {chipText(chip, vocabulary)}
                </button>
                <button
                  type="button"
                  class="chip-remove"
                  aria-label={texts.remove(chipText(chip, vocabulary))}
                  onClick={() => change(at, undefined)}
                >
                  <Icon name="close" size={12} />
                </button>
              </li>
            ))}
            <li>
              <button type="button" class="button button-small" onClick={() => setEdited(chips.length)}>
                <Icon name="plus" size={14} /> {texts.add}
              </button>
            </li>
          </ul>
        )}
        <button
          type="button"
          class="button button-small"
          aria-pressed={isJson}
          onClick={() => setJson(!isJson)}
        >
          JSON
        </button>
      </div>
      {isJson && <ConditionJson condition={condition} onChange={onChange} fault={fault} />}
      {!isJson && fault !== undefined && (
        <p class="fault" role="alert" id={faultId}>
          <Icon name="warning" /> {fault.message}
        </p>
      )}
      {edited !== undefined && (
        <ChipDialog
          vocabulary={vocabulary}
          chip={chips[edited]}
          suggest={suggest}
          onChange={chip => change(edited, chip)}
          onClose={() => setEdited(undefined)}
        />
      )}
    </div>
  )
}
