/** Strokes on a field of 24 by 24. */
const paths = {
  overview: 'M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z',
  records: 'M4 6h16M4 12h16M4 18h10',
  chain: 'M6 4v10a4 4 0 0 0 4 4h4M6 9h8M14 6h5v6h-5zM14 15h5v6h-5z',
  handlers: 'M13 3 5 14h6l-1 7 8-11h-6z',
  scripts: 'm8 7-5 5 5 5M16 7l5 5-5 5M13.5 5l-3 14',
  sinks: 'M4 12h11M11 7l5 5-5 5M20 4v16',
  retention: 'M12 7v5l3 2M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z',
  monitors: 'M3 12h4l3-8 4 16 3-8h4',
  tokens: 'M14.5 9.5a4 4 0 1 1-1-2.6zM11 11 20 20M17 17l-2 2',
  audit: 'M12 3 5 6v6c0 4.5 3 7.5 7 9 4-1.5 7-4.5 7-9V6zM9 12l2 2 4-4',
  machines: 'M4 5h16v6H4zM4 13h16v6H4zM7.5 8h.01M7.5 16h.01',
  api: 'M8 4H6a2 2 0 0 0-2 2v4l-1.5 2L4 14v4a2 2 0 0 0 2 2h2M16 4h2a2 2 0 0 1 2 2v4l1.5 2-1.5 2v4a2 2 0 0 1-2 2h-2',
  menu: 'M4 7h16M4 12h16M4 17h16',
  close: 'M6 6l12 12M18 6 6 18',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l5 5',
  play: 'M7 5v14l12-7z',
  pause: 'M8 5v14M16 5v14',
  download: 'M12 4v11M7 11l5 5 5-5M4 20h16',
  trash: 'M5 7h14M10 11v6M14 11v6M7 7l1 13h8l1-13M9 7V4h6v3',
  columns: 'M4 5h16v14H4zM10 5v14M15 5v14',
  star: 'm12 4 2.4 5 5.6.7-4.1 3.8 1.1 5.5-5-2.8-5 2.8 1.1-5.5L4 9.7l5.6-.7z',
  reload: 'M20 5v5h-5M4 19v-5h5M5.5 9a7 7 0 0 1 12-2.5L20 10M18.5 15a7 7 0 0 1-12 2.5L4 14',
  plus: 'M12 5v14M5 12h14',
  check: 'm5 12 5 5 9-11',
  down: 'm6 9 6 6 6-6',
  right: 'm9 6 6 6-6 6',
  left: 'm15 6-6 6 6 6',
  up: 'm6 15 6-6 6 6',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  theme: 'M12 21a9 9 0 1 0 0-18v18z',
  language: 'M4 6h9M8.5 4v2c0 4-2 7-5 8.5M6 9c1 2.5 3 4.5 5.5 5.5M12 20l4.5-10L21 20M13.5 17h6',
  logOut: 'M14 4H5v16h9M10 12h10M17 8l4 4-4 4',
  warning: 'M12 4 2.5 20h19zM12 10v4M12 17h.01',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5M12 8h.01',
  edit: 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  histogram: 'M5 20v-6M10 20V8M15 20V4M20 20v-9',
  filter: 'M3 5h18l-7 8v6l-4-2v-4z',
  stop: 'M6 6h12v12H6z',
  send: 'm4 4 17 8-17 8 3-8zM7 12h14',
} as const

export type IconName = keyof typeof paths

/** A picture beside a text that says the same: it is silent for readers of the screen. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 24 24"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      stroke-width="1.75"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  )
}
