import { inject } from 'vitest'

/** How many random cases a matrix has: all of them among the trust tests, a sample in the other projects. */
export function repetitions(all: number, sample: number): number {
  return inject('repetitions') === 'all' ? all : sample
}
