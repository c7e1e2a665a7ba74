#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { systemClock } from './async/clock.ts'

// Commands start in a third of the time. The cache lies beside the code, not in a shared temporary folder: whoever can
// write there can change the code as well. Where it cannot be written there is none.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/compile', import.meta.url)))

// What we write holds records and credentials: it is for our user alone, whatever writes it.
process.umask(0o077)

const { env, stdin, stdout, stderr, argv } = process
const { runCommand } = await import('./cli/run.ts')
process.exitCode = await runCommand(argv.slice(2), { env, stdin, stdout, stderr, clock: systemClock })
