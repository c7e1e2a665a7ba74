import type { z } from 'zod'

/** For `z.string().superRefine(…)`: what `faultOf` finds wrong with a text becomes the issue's message. */
export function textCheck(faultOf: (text: string) => string | undefined) {
  return (text: string, context: z.RefinementCtx): void => {
    const message = faultOf(text)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  }
}
