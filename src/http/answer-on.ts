import type { ServerResponse } from 'node:http'
import type { Answer, AnswerMemory } from '../fairness/answer-memory.ts'

/** An answer that holds its room until it has left, or its client has. */
export function answerOn(raw: ServerResponse, answers: AnswerMemory): Answer {
  const answer = answers.begin(() => raw.destroy())
  if (raw.destroyed) answer.end()
  else raw.once('close', answer.end)
  return answer
}
