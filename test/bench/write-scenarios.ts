import { copyText } from './copy-text.ts'
import { requestBody } from './rpc.ts'
import { type SampleRow, sampleRow } from './sample-row.ts'
import {
  type Bench,
  baselineContender,
  batchRows,
  type Contender,
  copyContender,
  daybookContender,
  type HttpLoad,
  type Scenario,
} from './scenario.ts'

const singleConnections = 64
const singleBodies = singleConnections * 64
const distinctBatches = 32

/** A fixed number a round, the same for all, so that the table grows alike. */
const batchesPerSecond = 25

export function writeScenarios(bench: Bench): readonly Scenario[] {
  return [singleAppends(bench), batches(bench, 4), batches(bench, 1)]
}

function singleAppends(bench: Bench): Scenario {
  const rows = newRows(bench, singleBodies)
  const load: HttpLoad = {
    connections: singleConnections,
    extent: { warmupMs: 1000, measureMs: bench.seconds * 1000 },
    bodies: token => rows.map(row => requestBody('js-result_append', { token, rows: [row] })),
  }
  return {
    name: 'append',
    title: `single appends (${singleConnections} connections)`,
    unit: 'row',
    contenders: [
      baselineContender(bench, load),
      daybookContender(bench, load),
      copyContender(bench, 'COPY, 4 connections', {
        connections: 4,
        batches: batchesOf(bench).map(copyText),
        amount: bench.seconds * batchesPerSecond,
        batchesPerStatement: 1,
      }),
    ],
  }
}

function batches(bench: Bench, connections: number): Scenario {
  const each = batchesOf(bench)
  const amount = bench.seconds * batchesPerSecond
  const load: HttpLoad = {
    connections,
    extent: { amount },
    bodies: token => each.map(batch => requestBody('js-result_append', { token, rows: batch })),
  }
  const copy = (name: string, batchesPerStatement: number): Contender =>
    copyContender(bench, name, { connections, batches: each.map(copyText), amount, batchesPerStatement })
  const isAlone = connections === 1
  return {
    name: `batch-${connections}`,
    title: `batches of ${batchRows} rows (${isAlone ? 'one connection' : `${connections} connections`})`,
    unit: 'row',
    contenders: [
      { ...baselineContender(bench, load), unitsEach: batchRows },
      { ...daybookContender(bench, load), unitsEach: batchRows },
      copy('COPY', 1),
      ...(isAlone ? [copy('COPY, all at once', amount)] : []),
    ],
  }
}

function batchesOf(bench: Bench): readonly (readonly SampleRow[])[] {
  const rows = newRows(bench, distinctBatches * batchRows)
  return Array.from({ length: distinctBatches }, (_, i) => rows.slice(i * batchRows, (i + 1) * batchRows))
}

/** Rows that follow those of the dataset. */
function newRows({ rows, workers }: Bench, length: number): readonly SampleRow[] {
  return Array.from({ length }, (_, i) => sampleRow(rows + i, workers))
}
