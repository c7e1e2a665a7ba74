import { pauseSink, resumeSink } from '../../stream/sink/store.ts'
import { defineMethod, type Method } from '../method.ts'
import { requireSuper } from '../token/token-method.ts'
import { doneSchema, namedParams, type SinkMethodDeps, sinkNotFound } from './sink-method.ts'

/** The methods that stop a sink and let it go on. */
export function controlMethods({ database, clock }: SinkMethodDeps): readonly Method[] {
  const controls = [
    {
      name: 'sink_pause',
      summary: 'Stops a sink within a second; nothing is lost meanwhile',
      change: pauseSink,
    },
    {
      name: 'sink_resume',
      summary: 'Lets a sink that was paused or failed go on where it stopped; its failures are forgotten',
      change: resumeSink,
    },
  ]
  return controls.map(({ change, ...named }) =>
    defineMethod({
      ...named,
      params: namedParams,
      result: doneSchema,
      async handle({ params, caller }) {
        requireSuper(caller)
        const isThere = await database.transaction(runner => change(runner, params.name, clock()))
        if (!isThere) throw sinkNotFound()
        return { success: true }
      },
    }),
  )
}
