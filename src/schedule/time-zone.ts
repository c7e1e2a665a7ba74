/**
 * Why `tz` is no time zone that means one thing, or undefined when it is one: a name of the IANA database with a `/`,
 * such as Europe/Berlin, or UTC or GMT. An abbreviation is refused in any case of its letters: BST is Dhaka to the
 * host's data, CST Chicago, IST India.
 */
export function timeZoneFault(tz: string): string | undefined {
  // Node also takes offsets such as +01:00, which no daylight saving time would ever change.
  if (!/^(?:[A-Za-z][\w+-]*\/|utc$|gmt$)/i.test(tz)) return isZone(tz) ? abbreviation : expected
  return isZone(tz) ? undefined : expected
}

const expected = 'expected a time zone such as Europe/Berlin, or UTC'
const abbreviation = `${expected}: abbreviations and offsets do not name one zone and its clock changes`

function isZone(tz: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: tz })
    return true
  } catch {
    return false
  }
}
