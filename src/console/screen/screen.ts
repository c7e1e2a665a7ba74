import type { ComponentType } from 'preact'
import type { IconName } from '../part/icon.tsx'
import type { Text } from '../text/en.ts'

export interface ScreenProps {
  /** What stands behind the screen's own name: `['js-result']` of `#/records/js-result`. */
  readonly rest: readonly string[]
  readonly params: Readonly<Record<string, string>>
}

export interface Screen {
  /** The first part of its place. */
  readonly path: string
  readonly title: Exclude<keyof Text['nav'], 'groups'>
  readonly icon: IconName
  /** Where the navigation lists it; absent: it is reached from other screens. */
  readonly group?: keyof Text['nav']['groups']
  load(): Promise<ComponentType<ScreenProps>>
}
