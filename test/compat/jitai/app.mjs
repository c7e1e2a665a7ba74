// Stands for the `app` of JitAi's examples: an element's methods are called on the server at DAYBOOK_URL.
const { DAYBOOK_URL, DAYBOOK_TOKEN } = process.env

/** Each method takes its parameters as an object (by name) or as a list (by position). */
export function getElement(fullName) {
  return new Proxy({}, { get: (_, method) => args => call(`${fullName}.${String(method)}`, args) })
}

async function call(method, params) {
  const answer = await fetch(DAYBOOK_URL, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${DAYBOOK_TOKEN}` },
    body: JSON.stringify({ jsonrpc: '2.0', method, params, id: 1 }),
  })
  const { error, result } = await answer.json()
  if (error !== undefined) throw new Error(error.message)
  return result
}
