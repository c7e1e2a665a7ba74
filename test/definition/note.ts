import { z } from 'zod'
import { defineDefinition } from '../../src/definition/definition.ts'
import { createdTime, flag, given, id, owner, updatedTime } from '../../src/definition/field.ts'
import { nameSchema } from '../../src/permission/name.ts'

/** A kind of definition that each token has for itself, and that only the tests know. */
export const note = defineDefinition({
  noun: 'note',
  table: 'note',
  key: 'name',
  isOwned: true,
  absent: 'record_not_found',
  answers: 'shown',
  fields: {
    id,
    name: given(nameSchema, { fixed: true, listed: { title: 'name' } }),
    owner,
    size: given(z.int().min(1).default(3), {
      listed: { title: 'size' },
      flags: [flag('--size <n>', 'how large it is', { value: 'number' })],
    }),
    created_time: createdTime,
    updated_time: updatedTime,
  },
  methods: {
    create: ['note_create', 'Makes a note'],
    read: ['note_read', 'Shows a note'],
    update: ['note_update', 'Changes a note'],
    delete: ['note_delete', 'Deletes a note'],
    list: ['note_list', 'Shows the notes of the caller'],
  },
  command: {
    name: 'notes',
    summary: 'manage notes',
    none: 'no notes',
    verbs: {
      list: ['list', 'show all notes'],
      read: ['show', 'show a note'],
      update: ['update', 'change a note'],
      delete: ['remove', 'delete a note'],
    },
  },
})
