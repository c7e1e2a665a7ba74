import { afterAll, beforeAll } from 'vitest'
import { startTestApp, type TestApp } from '../wire/support/app.ts'
import { createWire } from '../wire/support/wire.ts'
import { describeExample } from './gcs/documented.ts'
import { describeExecutionErrors } from './gcs/errors.ts'
import { describeKubernetes } from './gcs/kubernetes.ts'
import { executionPath } from './gcs/path.ts'
import { describeReading } from './gcs/reading.ts'
import { describeRecording } from './gcs/recording.ts'
import { describeRestAccess } from './rest/access.ts'

let app: TestApp
const wire = createWire(() => app)

beforeAll(async () => {
  app = await startTestApp('postgres', { env: { DAYBOOK_MAX_ANSWER_BYTES: '2000000' } })
})
afterAll(() => app?.close())

describeExample(wire)
describeReading(wire)
describeRecording(wire)
describeKubernetes(wire)
describeExecutionErrors(wire)
describeRestAccess(wire, {
  resource: 'execution-event',
  nameField: 'execution_id',
  scope: 'execution',
  permission: 'execution_event',
  pathOf: executionPath,
  row: execution_id => ({
    execution_id,
    name: 'n',
    namespace: 's',
    reason: 'r',
    message: `of ${execution_id}`,
  }),
  body: () => ({ involvedObject: { name: 'o', namespace: 's' }, reason: 'r', message: 'written' }),
  said: answer => answer.map((event: { message: string }) => event.message),
  saidBy: row => String(row.message),
  absent: 200,
})
