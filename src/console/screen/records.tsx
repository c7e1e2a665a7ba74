import { text } from '../language.ts'

/** Records of any kind. */
export function RecordsScreen() {
  return <h1>{text().records.title}</h1>
}
