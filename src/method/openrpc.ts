import { z } from 'zod'
import { errorCodes } from '../errors.ts'
import { JsonText } from '../json.ts'
import { definePublicMethod, type Method } from './method.ts'

/** The OpenRPC document (spec.open-rpc.org, 1.3.2) of the methods, made from their schemas. */
function openRpcDocument(methods: readonly Method[], version: string): object {
  return {
    openrpc: '1.3.2',
    info: {
      title: 'Daybook',
      description: 'The record of what workers, jobs, services and events did',
      version,
      license: { name: 'MIT' },
    },
    methods: methods.map(describeMethod),
    components: {
      errors: Object.fromEntries(
        Object.entries(errorCodes).map(([name, code]) => [
          name,
          { code, message: name.replaceAll('_', ' ') },
        ]),
      ),
    },
  }
}

function describeMethod(method: Method): object {
  const { name, summary, params, result, access, credentialParams, notification } = method
  const [first] = Object.keys(params.shape)
  const isCredential = (param: string): boolean =>
    access === 'token' && param === first && credentialParams.includes(param)
  return {
    name,
    summary,
    paramStructure: 'either',
    params: Object.entries(params.shape).map(([param, schema]) => ({
      name: param,
      // OpenRPC wants required parameters first. Where the credential comes first by position it is needed: only a
      // header can stand in for it.
      required: isCredential(param) || !schema.safeParse(undefined).success,
      schema: jsonSchema(schema, 'input'),
    })),
    result: { name: 'result', schema: jsonSchema(result, 'output') },
    ...(notification && {
      'x-notification': { name: notification.name, params: jsonSchema(notification.params, 'output') },
    }),
    errors: access === 'token' ? [{ $ref: '#/components/errors/permission_denied' }] : [],
  }
}

function jsonSchema(schema: z.core.$ZodType, io: 'input' | 'output'): object {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { target: 'draft-7', io, unrepresentable: 'any' })
  return json
}

/** `rpc.discover`: answers the document of all methods, itself included. */
export function discoverMethod(methods: readonly Method[], version: string): Method {
  const discover = definePublicMethod({
    name: 'rpc.discover',
    summary: 'The OpenRPC document of this server',
    result: z.record(z.string(), z.unknown()).describe('An OpenRPC document'),
    async handle() {
      document ??= new JsonText(JSON.stringify(openRpcDocument([...methods, discover], version)))
      return document
    },
  })
  // Made when it is first asked for: most servers are never.
  let document: JsonText | undefined
  return discover
}
