/** How often a fault is repeated: at least `least`; DAYBOOK_TRUST_ROUNDS asks for more. */
export function rounds(least: number): number {
  return Math.max(least, Number(process.env.DAYBOOK_TRUST_ROUNDS ?? 0))
}
