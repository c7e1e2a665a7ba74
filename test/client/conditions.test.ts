import { expect, test } from 'vitest'
import type { ConditionOf, ResourceName } from '../../src/client/client.ts'
import { resources } from '../../src/resource/kind/index.ts'

type KeyOf<C> = C extends object ? keyof C : never
type WordOf<C> = C extends string ? C : never
type Shared = 'last' | 'all' | 'limit' | 'or' | 'and' | 'not'

/** What the types let a program ask for: the compiler refuses a name too many, and one too few. */
type Typed = {
  readonly [R in ResourceName]: {
    readonly words: Readonly<Record<Exclude<WordOf<ConditionOf<R>>, Shared>, true>>
    readonly keys: Readonly<Record<Exclude<KeyOf<ConditionOf<R>>, Shared>, true>>
  }
}

const typed: Typed = {
  'js-result': {
    words: { is_success: true, is_failure: true, is_running: true },
    keys: {
      id: true,
      id_in: true,
      js_worker_id: true,
      js_worker_id_in: true,
      js_worker_name: true,
      js_worker_name_in: true,
      js_worker_name_like: true,
      run_type: true,
      run_type_in: true,
      run_type_like: true,
      start_time_from: true,
      start_time_to: true,
      start_time_from_to: true,
      finish_time_from: true,
      finish_time_to: true,
      finish_time_from_to: true,
      param_contains: true,
      result_contains: true,
      error_message_contains: true,
      duration_from: true,
      duration_to: true,
    },
  },
  'event-log': {
    words: { is_success: true, is_failure: true, is_running: true, is_waiting: true },
    keys: {
      id: true,
      id_in: true,
      full_name: true,
      full_name_in: true,
      full_name_like: true,
      event_type: true,
      event_type_in: true,
      event_type_like: true,
      sender: true,
      sender_in: true,
      sender_like: true,
      run_type: true,
      run_type_in: true,
      status: true,
      status_in: true,
      request_id: true,
      request_id_in: true,
      request_id_like: true,
      node_id: true,
      node_id_in: true,
      node_id_like: true,
      parent_node_id: true,
      parent_node_id_in: true,
      parent_node_id_like: true,
      attempt: true,
      attempt_in: true,
      created_time_from: true,
      created_time_to: true,
      created_time_from_to: true,
      start_time_from: true,
      start_time_to: true,
      start_time_from_to: true,
      finish_time_from: true,
      finish_time_to: true,
      finish_time_from_to: true,
      param_contains: true,
      result_contains: true,
      error_message_contains: true,
      duration_from: true,
      duration_to: true,
    },
  },
  'service-event': {
    words: { is_success: true, is_failure: true },
    keys: {
      id: true,
      id_in: true,
      project_id: true,
      project_id_in: true,
      project_id_like: true,
      service_id: true,
      service_id_in: true,
      service_id_like: true,
      service_name: true,
      service_name_in: true,
      service_name_like: true,
      event_type: true,
      event_type_in: true,
      event_info_contains: true,
      occur_time_from: true,
      occur_time_to: true,
      occur_time_from_to: true,
    },
  },
  'execution-event': {
    words: { is_success: true, is_failure: true },
    keys: {
      id: true,
      id_in: true,
      execution_id: true,
      execution_id_in: true,
      execution_id_like: true,
      name: true,
      name_in: true,
      name_like: true,
      namespace: true,
      namespace_in: true,
      namespace_like: true,
      reason_contains: true,
      message_contains: true,
      type: true,
      type_in: true,
      elem_type: true,
      elem_type_in: true,
      elem_type_like: true,
      elem_id: true,
      elem_id_in: true,
      elem_id_like: true,
      action_name: true,
      action_name_in: true,
      action_name_like: true,
      first_timestamp_from: true,
      first_timestamp_to: true,
      first_timestamp_from_to: true,
      last_timestamp_from: true,
      last_timestamp_to: true,
      last_timestamp_from_to: true,
      count: true,
      count_in: true,
    },
  },
  'change-event': {
    words: { is_failure: true },
    keys: {
      sequence_number: true,
      sequence_number_in: true,
      enqueued_time_from: true,
      enqueued_time_to: true,
      enqueued_time_from_to: true,
      diagnostic_id: true,
      diagnostic_id_in: true,
      diagnostic_id_like: true,
      event_type: true,
      event_type_in: true,
      event_type_like: true,
      full_folder_path: true,
      full_folder_path_in: true,
      full_folder_path_like: true,
    },
  },
}

test.each(resources)('the types of $name know its conditions, and no others', ({ name, language }) => {
  const { words, keys } = typed[name as ResourceName]
  expect(Object.keys(words).sort()).toEqual([...language.words.keys()].sort())
  expect(Object.keys(keys).sort()).toEqual([...language.keys.keys()].sort())
})

test('every resource has types', () => {
  expect(Object.keys(typed).sort()).toEqual(resources.map(({ name }) => name).sort())
})
