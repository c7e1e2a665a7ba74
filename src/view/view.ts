import { z } from 'zod'
import { defineDefinition, type StoredOf } from '../definition/definition.ts'
import { createdTime, flag, given, hidden, id, kept, updatedTime } from '../definition/field.ts'
import { conditions, json, plain } from '../definition/storage.ts'
import { createStore } from '../definition/store.ts'
import { stringifyJson } from '../json.ts'
import { nameSchema } from '../permission/name.ts'
import { resources } from '../resource/kind/index.ts'

/** The longest layout, in characters of JSON. */
const maxLayout = 16_384

/** The longest conditions, in characters of JSON: a query reads all views that it names before they are counted. */
const maxConditions = 65_536

const layout = z
  .record(z.string(), z.unknown())
  .refine(
    value => stringifyJson(value).length <= maxLayout,
    `expected at most ${maxLayout} characters of JSON`,
  )
  .nullable()
  .default(null)
  .describe('How a program shows what the view finds; Daybook keeps it and does not look into it')

/** Conditions under a name, which `{"view":"name"}` stands for in every query. */
export const view = defineDefinition({
  noun: 'view',
  table: 'view',
  isSpecial: true,
  isOwned: true,
  key: 'name',
  absent: 'view_not_found',
  taken: { reason: 'name_in_use', path: 'name', message: 'Another token shares a view of this name' },
  answers: 'shown',
  fields: {
    id,
    name: given(nameSchema, { fixed: true, listed: { title: 'name' } }),
    owner: kept<string | null, string>(
      z
        .string()
        .nullable()
        .describe('The key of the token that made it; null: another token, which shares it'),
      { listed: { title: 'owner' } },
    ),
    resource: given(z.enum(resources.map(({ name }) => name)).describe('Whose conditions it holds'), {
      fixed: true,
      listed: { title: 'resource' },
    }),
    query: given(
      z
        .strictObject({
          condition: z
            .array(z.unknown())
            .refine(
              list => stringifyJson(list).length <= maxConditions,
              `expected at most ${maxConditions} characters of JSON`,
            )
            .describe('As for X_query, without limit and last; all hold together'),
        })
        .meta({ examples: [{ condition: ['is_failure'] }] }),
      { storage: conditions, listed: { title: 'condition', read: ({ condition }) => condition } },
    ),
    layout: given(layout, {
      storage: json<z.output<typeof layout>>(),
      flags: [flag('--layout <json>', 'what a program keeps with it', { value: 'json' })],
    }),
    shared: given(z.boolean().default(false).describe('Whether every token may read and name it'), {
      listed: { title: 'shared' },
      flags: [
        flag('--shared', 'let every token read and name it', { means: true }),
        flag('--private', 'keep it to oneself again', { means: false, only: 'update' }),
      ],
    }),
    token_key: hidden(plain<string>()),
    created_time: createdTime,
    updated_time: updatedTime,
  },
  methods: {
    create: ['view_create', 'Puts conditions under a name: {"view":"name"} stands for them in every query'],
    update: ['view_update', 'Changes a view; what is left out stays'],
    delete: ['view_delete', 'Deletes a view; queries that name it fail'],
    read: ['view_read', 'Shows a view of the caller, or one that another token shares'],
    list: [
      'view_list',
      'Shows the views of the caller, then those that other tokens share; all of them to the super token',
    ],
  },
  command: {
    name: 'views',
    summary: 'manage conditions that have a name',
    none: 'no views; daybook views add makes one',
    verbs: {
      list: ['list', 'show all views'],
      read: ['show', 'show a view'],
      update: ['update', 'change a view'],
      delete: ['rm', 'delete a view'],
    },
  },
})

export type View = StoredOf<typeof view>

export const views = createStore(view)
