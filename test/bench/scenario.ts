import type { Credentials } from './credentials.ts'
import type { CopyJob, Extent, HttpJob, Job } from './job.ts'

/** What the jobs of the scenarios are made of. */
export interface Bench {
  readonly daybook: { readonly url: string; readonly pid: number }
  readonly baseline: { readonly url: string; readonly pid: number }
  readonly bare: { readonly url: string; readonly pid: number }
  readonly postgres: { readonly databaseUrl: string; readonly pid: number }
  readonly credentials: Credentials
  readonly rows: number
  readonly workers: number
  readonly seconds: number
}

/** One of those that are measured in turns under the same load. */
export interface Contender {
  readonly name: string
  readonly job: Job
  /** Units, of those that are counted, in one of its requests or batches; 1 unless said. */
  readonly unitsEach?: number
}

export interface Scenario {
  /** For `--only`. */
  readonly name: string
  readonly title: string
  /** What is counted: `request` unless said. */
  readonly unit?: 'event' | 'row'
  readonly contenders: readonly Contender[]
}

export interface HttpLoad {
  readonly connections: number
  readonly extent: Extent
  /** Results unless said. */
  readonly expects?: HttpJob['expects']
  /** The bodies to send under a credential. */
  readonly bodies: (token: string) => readonly string[]
}

export function baselineContender(bench: Bench, load: HttpLoad): Contender {
  return { name: 'baseline', job: httpJob(bench, bench.baseline, load, bench.credentials.baselineJwt) }
}

export function bareContender(bench: Bench, load: HttpLoad): Contender {
  return { name: 'bare node:http', job: httpJob(bench, bench.bare, load, '') }
}

export function daybookContender(bench: Bench, load: HttpLoad): Contender {
  return { name: 'daybook', job: httpJob(bench, bench.daybook, load, bench.credentials.token) }
}

export function daybookJwtContender(bench: Bench, load: HttpLoad): Contender {
  return { name: 'daybook, JWT', job: httpJob(bench, bench.daybook, load, bench.credentials.jwt) }
}

/** Rows of a batch that is appended or copied. */
export const batchRows = 1000

export function copyContender(
  { postgres }: Bench,
  name: string,
  load: Pick<CopyJob, 'connections' | 'batches' | 'amount' | 'batchesPerStatement'>,
): Contender {
  const { databaseUrl, pid } = postgres
  return { name, job: { kind: 'copy', databaseUrl, postgresPid: pid, ...load }, unitsEach: batchRows }
}

export function httpJob(bench: Bench, server: Bench['daybook'], load: HttpLoad, token: string): HttpJob {
  const { connections, extent, bodies, expects = 'result' } = load
  return {
    kind: 'http',
    url: server.url,
    connections,
    extent,
    bodies: bodies(token),
    expects,
    serverPid: server.pid,
    postgresPid: bench.postgres.pid,
  }
}
