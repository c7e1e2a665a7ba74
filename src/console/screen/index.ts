import type { Screen } from './screen.ts'

/** Every screen, in the order of the navigation. Each is loaded when it is gone to first. */
export const screens: readonly Screen[] = [
  {
    path: 'overview',
    title: 'overview',
    icon: 'overview',
    group: 'watch',
    load: async () => (await import('./overview.tsx')).OverviewScreen,
  },
  {
    path: 'records',
    title: 'records',
    icon: 'records',
    group: 'watch',
    load: async () => (await import('./records.tsx')).RecordsScreen,
  },
  {
    path: 'chain',
    title: 'chain',
    icon: 'chain',
    group: 'watch',
    load: async () => (await import('./chain.tsx')).ChainScreen,
  },
  {
    path: 'handlers',
    title: 'handlers',
    icon: 'handlers',
    group: 'run',
    load: async () => (await import('./handlers.tsx')).HandlersScreen,
  },
  {
    path: 'scripts',
    title: 'scripts',
    icon: 'scripts',
    group: 'run',
    load: async () => (await import('./scripts.tsx')).ScriptsScreen,
  },
  {
    path: 'sinks',
    title: 'sinks',
    icon: 'sinks',
    group: 'manage',
    load: async () => (await import('./sinks.tsx')).SinksScreen,
  },
  {
    path: 'retention',
    title: 'retention',
    icon: 'retention',
    group: 'manage',
    load: async () => (await import('./retention.tsx')).RetentionScreen,
  },
  {
    path: 'monitors',
    title: 'monitors',
    icon: 'monitors',
    group: 'manage',
    load: async () => (await import('./monitors.tsx')).MonitorsScreen,
  },
  {
    path: 'tokens',
    title: 'tokens',
    icon: 'tokens',
    group: 'manage',
    load: async () => (await import('./tokens.tsx')).TokensScreen,
  },
  {
    path: 'audit',
    title: 'audit',
    icon: 'audit',
    group: 'manage',
    load: async () => (await import('./audit.tsx')).AuditScreen,
  },
  {
    path: 'machines',
    title: 'machines',
    icon: 'machines',
    group: 'manage',
    load: async () => (await import('./machines.tsx')).MachinesScreen,
  },
  {
    path: 'api',
    title: 'api',
    icon: 'api',
    group: 'manage',
    load: async () => (await import('./api.tsx')).ApiScreen,
  },
]
