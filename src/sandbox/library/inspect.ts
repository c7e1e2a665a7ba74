/** The text of values on the console: JSON, where that says all of them, and more where it does not. */
export function inspectLibrary() {
  const maxDepth = 16

  function numberText(value: number): string {
    return Object.is(value, -0) ? '-0' : String(value)
  }

  function classOf(value: object): string {
    const made = Object.getPrototypeOf(value) === null ? undefined : value.constructor
    return (typeof made === 'function' && made.name) || 'Object'
  }

  function inspect(value: unknown, maxLength: number): string {
    const path: unknown[] = []
    let left = maxLength

    function take(text: string): string {
      left -= text.length
      return text
    }

    function show(value: unknown): string {
      if (left < 0) return ''
      if (typeof value === 'string') return take(JSON.stringify(value))
      if (typeof value === 'number') return take(numberText(value))
      if (typeof value === 'function') return take(`[Function ${value.name || '(anonymous)'}]`)
      if (typeof value !== 'object' || value === null) return take(String(value))
      if (path.includes(value)) return take('[Circular]')
      if (path.length >= maxDepth) return take('[…]')
      path.push(value)
      const text = object(value)
      path.pop()
      return text
    }

    function object(value: object): string {
      if (value instanceof Error) return error(value)
      if (value instanceof RegExp) return take(String(value))
      if (value instanceof Map)
        return `Map(${value.size}) {${items([...value], ([key, each]) => `${show(key)} => ${show(each)}`)}}`
      if (value instanceof Set) return `Set(${value.size}) {${items([...value], show)}}`
      if (value instanceof Promise) return take('Promise {}')
      if (value instanceof ArrayBuffer) return take(`ArrayBuffer(${value.byteLength})`)
      if (ArrayBuffer.isView(value)) return view(value)
      if (Array.isArray(value)) return `[${items(value, show)}]`
      const json = 'toJSON' in value && typeof value.toJSON === 'function' ? value.toJSON() : value
      if (json !== value) return show(json)
      const name = classOf(value)
      return `${name === 'Object' ? '' : `${name} `}{${members(value)}}`
    }

    function view(value: ArrayBufferView): string {
      const list = 'length' in value ? [...(value as unknown as Iterable<unknown>)] : []
      return `${value.constructor.name}(${list.length || value.byteLength}) [${items(list, show)}]`
    }

    function items<T>(list: readonly T[], one: (item: T) => string): string {
      let text = ''
      for (let i = 0; i < list.length; i++) {
        if (left < 0) return `${text}…`
        text += take(i === 0 ? '' : ',') + one(list[i] as T)
      }
      return text
    }

    function members(value: object): string {
      const keys = [...Object.keys(value), ...Object.getOwnPropertySymbols(value)]
      const member = (key: string | symbol) => {
        const name = take(typeof key === 'symbol' ? `[${String(key)}]` : JSON.stringify(key))
        return `${name}:${show((value as Record<string | symbol, unknown>)[key])}`
      }
      return items(keys, member)
    }

    /** Its frames only where it stands alone. */
    function error(value: Error): string {
      const lines = path.length === 1 ? String(value.stack ?? '').split('\n') : []
      const isOwn = (line: string) =>
        line.trim() !== '' && !line.includes('<sandbox>') && !line.includes('(native)')
      const head = take(`${value.name}: ${value.message}`)
      const hidden = ['cause', 'errors'].filter(
        name => Object.hasOwn(value, name) && !Object.keys(value).includes(name),
      )
      const more = hidden.map(
        name => `${take(name)}:${show((value as unknown as Record<string, unknown>)[name])}`,
      )
      const inside = [members(value), ...more].filter(text => text !== '').join(',')
      return [inside === '' ? head : `${head} {${inside}}`, ...lines.filter(isOwn)].join('\n')
    }

    return show(value)
  }

  return { inspect, numberText }
}
