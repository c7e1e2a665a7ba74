import { z } from 'zod'
import { errorCodes } from '../errors.ts'
import { JsonText } from '../json.ts'
import { exampleParams, sampleOf } from './example.ts'
import { definePublicMethod, type Method } from './method.ts'
import { createSharedSchemas, type SharedSchemas } from './shared-schemas.ts'

/** The OpenRPC document (spec.open-rpc.org, 1.3.2) of the methods, made from their schemas. */
function openRpcDocument(methods: readonly Method[], version: string): object {
  const schemas = createSharedSchemas()
  return {
    openrpc: '1.3.2',
    info: {
      title: 'Daybook',
      description: 'The record of what workers, jobs, services and events did',
      version,
      license: { name: 'MIT' },
    },
    methods: methods.map(method => describeMethod(method, schemas)),
    components: {
      schemas: schemas.all,
      errors: Object.fromEntries(
        Object.entries(errorCodes).map(([name, code]) => [
          name,
          { code, message: name.replaceAll('_', ' ') },
        ]),
      ),
    },
  }
}

function describeMethod(method: Method, { share }: SharedSchemas): object {
  const { name, summary, params, result, access, notification, records } = method
  const describe = (schema: z.core.$ZodType, io: 'input' | 'output') => share(jsonSchema(schema, io))
  return {
    name,
    summary,
    tags: [{ name: tagOf(name) }],
    paramStructure: 'either',
    // OpenRPC wants required parameters first. The credential is the exception: it comes first by position, and a header
    // can stand in for it; a validator that took it for required would refuse every call with a header.
    params: Object.entries(params.shape).map(([param, schema]) => ({
      name: param,
      required: !schema.safeParse(undefined).success,
      schema: describe(schema, 'input'),
    })),
    result: { name: 'result', schema: describe(result, 'output') },
    ...(notification && {
      // Whole: dereferencing tools do not look into extensions.
      'x-notification': { name: notification.name, params: jsonSchema(notification.params, 'output') },
    }),
    ...(records && { 'x-records': records }),
    examples: [exampleOf(method)],
    errors: access === 'token' ? [{ $ref: '#/components/errors/permission_denied' }] : [],
  }
}

/** The credential is left to the header. */
function exampleOf({ name, params, result }: Method): object {
  const given = exampleParams(name, jsonSchema(params, 'input'))
  return {
    name: `a call of ${name}`,
    params: Object.entries(given).map(([param, value]) => ({ name: param, value })),
    result: { name: 'result', value: sampleOf(jsonSchema(result, 'output')) },
  }
}

/** `js-result` of `js-result_query`, `events.services.EventSvc` of `events.services.EventSvc.sendEvent`. */
function tagOf(name: string): string {
  return name.includes('_') ? name.slice(0, name.indexOf('_')) : name.slice(0, name.lastIndexOf('.'))
}

function jsonSchema(schema: z.core.$ZodType, io: 'input' | 'output'): Readonly<Record<string, unknown>> {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { target: 'draft-7', io, unrepresentable: 'any' })
  return json
}

/** `rpc.discover`: answers the document of all methods, itself included. */
export function discoverMethod(methods: readonly Method[], version: string): Method {
  const discover = definePublicMethod({
    name: 'rpc.discover',
    summary: 'The OpenRPC document of this server',
    result: z.record(z.string(), z.unknown()).describe('An OpenRPC document'),
    isOncePerBatch: true,
    async handle({ context }) {
      document ??= new JsonText(JSON.stringify(openRpcDocument([...methods, discover], version)))
      context.compress?.(document)
      return document
    },
  })
  // Made when it is first asked for: most servers are never.
  let document: JsonText | undefined
  return discover
}
