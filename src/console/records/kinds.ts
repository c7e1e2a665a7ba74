import { useApiDocument } from '../api-document.ts'
import { type RecordsShape, recordsShapesOf } from '../model/records-shape.ts'
import { type Vocabulary, vocabularyOf } from '../model/vocabulary.ts'

export interface Kinds {
  readonly shapes: readonly RecordsShape[]
  readonly vocabularyOf: (resource: string) => Vocabulary | undefined
}

const read = new WeakMap<object, Kinds>()

/** What the server's document tells of all kinds of records. */
export function useKinds(): { readonly kinds: Kinds | undefined; readonly error: unknown } {
  const { document, error } = useApiDocument()
  return { kinds: document && kindsOf(document), error }
}

/** Read once: the list stands still as long as its shape is the same. */
function kindsOf(document: object): Kinds {
  const known = read.get(document)
  if (known !== undefined) return known
  const vocabularies = new Map<string, Vocabulary | undefined>()
  const kinds = {
    shapes: recordsShapesOf(document),
    vocabularyOf(resource: string) {
      if (!vocabularies.has(resource)) vocabularies.set(resource, vocabularyOf(document, resource))
      return vocabularies.get(resource)
    },
  }
  read.set(document, kinds)
  return kinds
}
