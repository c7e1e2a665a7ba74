import type { Resource } from '../resource/resource.ts'
import { appendMethod } from './log/append.ts'
import { countMethod } from './log/count.ts'
import { deleteMethod } from './log/delete.ts'
import { finishMethod } from './log/finish.ts'
import { importMethod } from './log/import.ts'
import type { LogMethodDeps } from './log/log-method.ts'
import { pageMethod } from './log/page.ts'
import { queryMethod } from './log/query.ts'
import type { Method } from './method.ts'

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
