#!/usr/bin/env node
import process from 'node:process'
import { runCommand } from './cli/run.ts'
import { systemClock } from './clock.ts'

const { env, stdin, stdout, stderr, argv } = process
process.exitCode = await runCommand(argv.slice(2), { env, stdin, stdout, stderr, clock: systemClock })
