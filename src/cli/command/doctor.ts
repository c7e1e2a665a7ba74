import type { Command } from 'commander'
import { ConfigError } from '../../config.ts'
import { addDatabaseOptions, configFlags } from '../argument/server-options.ts'
import { openSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { CommandFailure } from '../terminal/failure.ts'
import { createOutput } from '../terminal/output.ts'
import { readPresentation } from '../terminal/presentation.ts'
import { diagnose, type Finding, fault } from './diagnosis.ts'

/** `daybook doctor`: says what works and what does not, a line each. */
export function addDoctorCommand(program: Command, surroundings: Surroundings): void {
  const doctor = program
    .command('doctor')
    .description('check the configuration, the database, the server and the token')
  addDatabaseOptions(doctor).action(async (_flags: object, command: Command) => {
    const findings = await examine(command, surroundings)
    await createOutput(surroundings, readPresentation(command, surroundings)).rows(findings)
    const faults = findings.filter(finding => finding.status === 'fault').length
    if (faults > 0) throw new CommandFailure(`${faults} of ${findings.length} checks found a fault`)
  })
}

async function examine(command: Command, surroundings: Surroundings): Promise<readonly Finding[]> {
  try {
    const session = openSession(command, surroundings, configFlags(command.opts()))
    const config: Finding = { check: 'configuration', status: 'ok', detail: 'no fault' }
    return [config, ...(await diagnose(session))]
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.map(text => fault('configuration', text))
    throw error
  }
}
