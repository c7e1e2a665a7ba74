import type { Resource } from '../resource/resource.ts'
import type { Method } from './method.ts'
import { appendMethod } from './record/append.ts'
import { countMethod } from './record/count.ts'
import { deleteMethod } from './record/delete.ts'
import { finishMethod } from './record/finish.ts'
import { importMethod } from './record/import.ts'
import { pageMethod } from './record/page.ts'
import { queryMethod } from './record/query.ts'
import type { LogMethodDeps } from './record/record-method.ts'

/** The methods that a resource gets by being declared. */
export function logMethods(resource: Resource, deps: LogMethodDeps): readonly Method[] {
  const methods = [
    queryMethod(resource, deps),
    pageMethod(resource, deps),
    countMethod(resource, deps),
    deleteMethod(resource, deps),
    ...(resource.recorded === 'append' ? [appendMethod(resource, deps)] : []),
    importMethod(resource, deps),
  ]
  return resource.finish === undefined ? methods : [...methods, finishMethod(resource, resource.finish, deps)]
}
