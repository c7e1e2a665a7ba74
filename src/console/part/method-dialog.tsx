import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useApiDocument } from '../api-document.ts'
import { text } from '../language.ts'
import { FieldFault, type FormField, formOf, readForm } from '../model/schema-form.ts'
import { call } from '../rpc.ts'
import { Fault } from './fault.tsx'
import { FormDialog, type FormDialogProps } from './form-dialog.tsx'
import { MethodFields, type MethodFieldsProps } from './method-fields.tsx'

export interface MethodDialogProps extends Pick<FormDialogProps, 'title' | 'submitLabel' | 'onClose'> {
  readonly method: string
  /** What the fields begin with, instead of the method's example. */
  readonly initial?: Readonly<Record<string, string>>
  /** Parameters that are not asked for. */
  readonly fixed?: Readonly<Record<string, unknown>>
  /** Parameters that are neither asked for nor given. */
  readonly hidden?: readonly string[]
  readonly labels?: MethodFieldsProps['labels']
  readonly children?: ComponentChildren
  /** After the method has been carried out; the dialog is closed by whoever opened it. */
  readonly onDone: (result: unknown, params: Readonly<Record<string, unknown>>) => void
}

/** Asks for the parameters of a method, as its schema says, and calls it. */
export function MethodDialog(props: MethodDialogProps) {
  const { method: name, initial = {}, fixed = {}, hidden = [], labels, children, onDone, ...dialog } = props
  const { document, error } = useApiDocument()
  const texts = useSignal<Readonly<Record<string, string>>>({})
  const wrong = useSignal<string | undefined>(undefined)
  const method = document?.methods.find(each => each.name === name)
  const fields: readonly FormField[] =
    document === undefined || method === undefined
      ? []
      : formOf(method, document)
          .filter(field => !Object.hasOwn(fixed, field.name) && !hidden.includes(field.name))
          .map(field => ({ ...field, initial: initial[field.name] ?? field.initial }))

  async function submit(): Promise<void> {
    wrong.value = undefined
    try {
      const params = { ...readForm(fields, texts.peek()), ...fixed }
      onDone(await call(name, params), params)
    } catch (fault) {
      if (fault instanceof FieldFault) wrong.value = fault.field
      throw fault
    }
  }

  return (
    <FormDialog {...dialog} isDisabled={fields.length === 0} onSubmit={submit}>
      <Fault error={error} />
      {document === undefined && error === undefined && <p class="absence">{text().app.loading}</p>}
      {document !== undefined && method === undefined && <p class="absence">{text().app.notAvailable}</p>}
      <MethodFields fields={fields} texts={texts} labels={labels ?? {}} wrong={wrong.value} />
      {children}
    </FormDialog>
  )
}
