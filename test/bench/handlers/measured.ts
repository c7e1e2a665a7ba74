/** Tells how long after it was sent (`kwargs.sent`, epoch ms) an event has begun to be handled. */
export default {
  fullName: 'bench.Measured',
  sender: 'bench.*',
  run: (kwargs: unknown): number => Date.now() - (kwargs as { sent: number }).sent,
}
