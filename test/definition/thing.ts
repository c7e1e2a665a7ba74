import { z } from 'zod'
import { defineDefinition } from '../../src/definition/definition.ts'
import { createdTime, flag, given, id, updatedTime } from '../../src/definition/field.ts'
import { json, type Storage } from '../../src/definition/storage.ts'
import { nameSchema } from '../../src/permission/name.ts'

const sealed: Storage<string | null> = {
  write: (value, sealer) => [value === null ? null : sealer.seal(value)],
  read: ([text], sealer) => (text === null ? null : sealer.open(String(text))),
}

/** A kind of definition that only the tests know. */
export const thing = defineDefinition({
  noun: 'thing',
  table: 'thing',
  key: 'name',
  absent: 'record_not_found',
  answers: 'shown',
  permission: {
    scope: 'event',
    permission: 'event_handler',
    verbs: { create: 'write', read: 'read', update: 'write', delete: 'delete', list: 'read' },
  },
  fields: {
    id,
    name: given(nameSchema, { fixed: true, listed: { title: 'name' } }),
    size: given(z.int().min(1).default(3), {
      listed: { title: 'size' },
      flags: [flag('--size <n>', 'how large it is', { value: 'number' })],
    }),
    tags: given(z.array(z.string()).nullable().default(null), {
      storage: json<readonly string[] | null>(),
      flags: [
        flag('--tags <json>', 'what it is about', { value: 'json' }),
        flag('--no-tags', 'nothing', { means: null, only: 'update' }),
      ],
    }),
    secret: given(z.string().nullable().default(null), {
      fixed: true,
      storage: sealed,
      shown: z.literal('***').nullable(),
      show: value => (value === null ? null : '***'),
    }),
    created_time: createdTime,
    updated_time: updatedTime,
  },
  methods: {
    create: ['thing_create', 'Makes a thing'],
    read: ['thing_read', 'Shows a thing'],
    update: ['thing_update', 'Changes a thing'],
    delete: ['thing_delete', 'Deletes a thing'],
    list: ['thing_list', 'Shows all things'],
  },
  command: {
    name: 'things',
    summary: 'manage things',
    none: 'no things',
    verbs: {
      list: ['list', 'show all things'],
      create: ['add', 'make a thing'],
      read: ['show', 'show a thing'],
      update: ['update', 'change a thing'],
      delete: ['remove', 'delete a thing'],
    },
  },
})
