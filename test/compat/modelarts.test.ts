import { describeApps } from '../wire/support/wire.ts'
import { describeServiceAccess } from './modelarts/access.ts'
import { describeExample } from './modelarts/documented.ts'
import { describeServiceErrors } from './modelarts/errors.ts'
import { describeReading } from './modelarts/reading.ts'
import { describeRecording } from './modelarts/recording.ts'
import { describeVersion2 } from './modelarts/version-2.ts'

// One server for all of them: to start it takes longer than the tests.
describeApps('the event log of ModelArts’ services', (wire, engine) => {
  describeExample(wire)
  describeReading(wire)
  describeRecording(wire)
  describeVersion2(wire)
  // What these look at comes before any statement.
  if (engine === 'pglite') return
  describeServiceErrors(wire)
  describeServiceAccess(wire)
})
