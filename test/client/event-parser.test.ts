import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEventParser, type ServerEvent } from '../../src/client/event-parser.ts'

const encoder = new TextEncoder()

/** What the parser makes of the text when it comes in chunks that end at these bytes. */
function parse(text: string, cuts: readonly number[] = []): readonly ServerEvent[] {
  const bytes = encoder.encode(text)
  const ends = [...new Set(cuts.map(cut => cut % (bytes.length + 1)))].toSorted((a, b) => a - b)
  const parser = createEventParser()
  return [...ends, bytes.length].flatMap((end, i) => parser.push(bytes.slice(ends[i - 1] ?? 0, end)))
}

const someEol = fc.constantFrom('\n', '\r', '\r\n')
const someLine = fc.string({ unit: fc.constantFrom('a', ':', ' ', '{', 'ü', '漢', '🙂', '\u2028') })

/** An event, and the lines that say it; comments and fields that mean nothing among them. */
const someEvent = fc
  .record({
    id: fc.option(fc.nat().map(String), { nil: undefined }),
    event: fc.option(fc.constantFrom('js-result', 'ended'), { nil: undefined }),
    data: fc.array(someLine, { maxLength: 3 }),
    noise: fc.array(fc.constantFrom(': still here', ':', 'retry: 1000', 'nonsense', 'x: y'), {
      maxLength: 2,
    }),
  })
  .map(({ id, event, data, noise }) => ({
    lines: [
      ...noise,
      ...(id === undefined ? [] : [`id: ${id}`]),
      ...(event === undefined ? [] : [`event:${event}`]),
      ...data.map(line => `data: ${line}`),
    ],
    event: { id, event: event ?? 'message', data: data.length === 0 ? undefined : data.join('\n') },
  }))

describe('the parser of server-sent events', () => {
  it('reads the same however the stream is cut, and however its lines end', () => {
    const some = fc.array(someEvent, { maxLength: 6 })
    fc.assert(
      fc.property(some, someEol, fc.array(fc.nat(), { maxLength: 12 }), (events, eol, cuts) => {
        const text = events.map(({ lines }) => [...lines, '', ''].join(eol)).join('')
        const expected = events
          .map(({ event }) => event)
          .filter(({ id, data }) => id !== undefined || data !== undefined)
        expect(parse(text, cuts)).toEqual(expected)
      }),
      { numRuns: 500 },
    )
  })

  it('reads one byte at a time', () => {
    const text = '\ufeffid: 1\r\nevent: x\r\ndata: {"ü":\r\ndata: "🙂"}\r\n\r\n: c\r\rid: 2\n\n'
    const each = Array.from({ length: encoder.encode(text).length }, (_, i) => i)
    expect(parse(text, each)).toEqual([
      { id: '1', event: 'x', data: '{"ü":\n"🙂"}' },
      { id: '2', event: 'message', data: undefined },
    ])
  })

  it.each([
    ['what has neither data nor an id', ': comment\n\nevent: x\n\nretry: 1\n\n', []],
    ['an event whose end never comes', 'id: 1\ndata: x\n', []],
    ['an id with a NUL', 'id: 1\0\ndata: x\n\n', [{ id: undefined, event: 'message', data: 'x' }]],
    ['a field without a colon', 'data\nid\n\n', [{ id: '', event: 'message', data: '' }]],
    ['more than one blank', 'data:  x\n\n', [{ id: undefined, event: 'message', data: ' x' }]],
  ])('knows %s', (_what, text, expected) => {
    expect(parse(text)).toEqual(expected)
  })
})
