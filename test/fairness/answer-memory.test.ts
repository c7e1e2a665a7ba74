import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import {
  type Answer,
  type AnswerMemory,
  createAnswerMemory,
  partOfAnswer,
  roomForRows,
} from '../../src/fairness/answer-memory.ts'
import { onBehalfOf } from '../../src/fairness/behalf.ts'

const never = () => undefined

/** An answer of `bytes` that is being sent to `whom`. */
async function sent(memory: AnswerMemory, whom: string, bytes: number, cut = never): Promise<Answer> {
  const answer = memory.begin(cut)
  await onBehalfOf(whom, () => answer.during(async () => (await roomForRows(bytes))?.keep(bytes)))
  return answer
}

test('room is set aside, then what is used is held until the answer has left', async () => {
  const memory = createAnswerMemory({ bytes: 300 })
  const answer = memory.begin(never)
  await answer.during(async () => {
    const room = await roomForRows(90)
    expect(memory.bytes).toBe(90)
    room?.keep(20)
    expect(memory.bytes).toBe(20)
  })
  expect(memory.bytes).toBe(20)
  answer.end()
  answer.end()
  expect(memory.bytes).toBe(0)
})

test('where no answer is made no room is needed', async () => {
  expect(await roomForRows(1e9)).toBeUndefined()
})

test('a token has a third, two have two, and the last is for those who hold nothing', async () => {
  const memory = createAnswerMemory({ bytes: 300, waitMs: 30 })
  const tooMany = { code: 110, data: { reason: 'too_many_answers', retryable: true } }
  for (const whom of ['a', 'b']) {
    await sent(memory, whom, 60)
    // What began within the share may go beyond it.
    await sent(memory, whom, 60)
    await expect(sent(memory, whom, 1)).rejects.toMatchObject(tooMany)
  }
  await sent(memory, 'c', 60)
  await expect(sent(memory, 'c', 1)).rejects.toMatchObject(tooMany)
  expect(memory.bytes).toBe(300)
  await expect(sent(memory, 'd', 1)).rejects.toMatchObject(tooMany)
})

test('what waits goes on when there is room: first who holds nothing, then by turns', async () => {
  const memory = createAnswerMemory({ bytes: 300 })
  const first = await sent(memory, 'a', 150)
  const second = await sent(memory, 'c', 150)
  const order: string[] = []
  const later = ['a', 'a', 'b'].map(whom => sent(memory, whom, 40).then(() => order.push(whom)))
  await sleep(5)
  expect(order).toEqual([])
  second.end()
  await later[2]
  await sleep(5)
  expect(order).toEqual(['b'])
  first.end()
  await Promise.all(later)
  expect(order).toEqual(['b', 'a', 'a'])
})

test('an answer that holds room already does not wait for itself', async () => {
  const memory = createAnswerMemory({ bytes: 30 })
  await memory.begin(never).during(async () => {
    await roomForRows(20)
    await roomForRows(20)
  })
  expect(memory.bytes).toBe(40)
})

test('a request of a batch gives back all but what the answer keeps of it', async () => {
  const memory = createAnswerMemory({ bytes: 300 })
  const answer = memory.begin(never)
  await answer.during(async () => {
    const read = async () => {
      ;(await roomForRows(100))?.keep(50)
      return 'ten bytes.'
    }
    await partOfAnswer(read, text => text.length)
    expect(memory.bytes).toBe(10)
    await partOfAnswer(read, text => text.length)
  })
  expect(memory.bytes).toBe(20)
  answer.end()
  expect(memory.bytes).toBe(0)
})

test('what a request leaves running behind it is no part of its answer', async () => {
  const memory = createAnswerMemory({ bytes: 300 })
  const answer = memory.begin(never)
  let behind: Promise<unknown> = Promise.resolve()
  await answer.during(async () => {
    const room = await roomForRows(100)
    behind = sleep(5).then(() => {
      room?.keep(50)
      return roomForRows(70)
    })
  })
  answer.end()
  expect(await behind).toBeUndefined()
  expect(memory.bytes).toBe(0)
})

test('a slow reader makes room for somebody who holds nothing', async () => {
  const cut: string[] = []
  const memory = createAnswerMemory({
    bytes: 300,
    pressMs: 10,
    slowMs: 0,
    onCut: () => void cut.push('told'),
  })
  const slow = await sent(memory, 'a', 200, () => {
    cut.push('a')
    slow.end()
  })
  await sent(memory, 'b', 150, () => void cut.push('b'))
  await sent(memory, 'c', 1)
  expect(cut).toEqual(['told', 'a'])
  expect(memory.bytes).toBe(151)
})

test('a batch that begins with what reads no rows gives all its room back to the one that it was taken from', async () => {
  const memory = createAnswerMemory({ bytes: 300, waitMs: 30 })
  const batch = async (whom: string): Promise<void> => {
    const answer = memory.begin(never)
    await answer.during(async () => {
      await partOfAnswer(
        async () => undefined,
        () => 60,
      )
      await partOfAnswer(
        () => onBehalfOf(whom, async () => (await roomForRows(10))?.keep(10)),
        () => 10,
      )
    })
    answer.end()
  }
  for (let i = 0; i < 10; i++) await batch('a')
  expect(memory.bytes).toBe(0)
  // As any other, it has a third and no more.
  await sent(memory, 'a', 100)
  await expect(sent(memory, 'a', 1)).rejects.toMatchObject({ data: { reason: 'too_many_answers' } })
})
