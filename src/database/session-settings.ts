/** How statements run on the connections of a pool. */
export interface SessionSettings {
  /** Whether statements may have names, under which PostgreSQL keeps them prepared. */
  readonly prepare: boolean
  /** Begins a transaction. */
  readonly begin: string
  /** What each connection is told once; undefined where connections are lent by a pooler: what one is told, others find. */
  readonly onConnect: string | undefined
  /** Whether a statement in the open needs a transaction too, to run under these settings. */
  readonly isLent: boolean
}

export interface SessionOptions {
  readonly statementTimeoutMs: number
  readonly prepare: boolean
  /** Whether a pooler may lend each transaction another connection of its own. */
  readonly isLent: boolean
}

// One of our transactions is a few statements; one that idles this long is a bug, and its locks stop others.
const idleInTransactionMs = 60_000

/** Set by statements: poolers refuse most start-up parameters, `options` too. */
export function sessionSettings({ statementTimeoutMs, prepare, isLent }: SessionOptions): SessionSettings {
  const settings = [
    `statement_timeout = ${Math.trunc(statementTimeoutMs)}`,
    `idle_in_transaction_session_timeout = ${idleInTransactionMs}`,
    // Compiling a plan costs more than our short statements take.
    'jit = off',
  ]
  const each = (set: string): string => settings.map(setting => `${set} ${setting}`).join(';')
  return isLent
    ? { prepare, isLent, begin: `begin;${each('set local')}`, onConnect: undefined }
    : { prepare, isLent, begin: 'begin', onConnect: each('set') }
}

/** What a connection is told over which reads are pipelined: what is sent there only reads, and may be sent twice. */
export function pipelinedSettings({ onConnect }: SessionSettings, statementTimeoutMs: number): string {
  const own = [`statement_timeout = ${statementTimeoutMs}`, 'default_transaction_read_only = on']
  return [onConnect, ...own.map(setting => `set ${setting}`)].join(';')
}

/** The same, with a transaction whose statements may take any time. */
export function unlimited(settings: SessionSettings): SessionSettings {
  return { ...settings, begin: `${settings.begin};set local statement_timeout = 0` }
}
