import { useEffect, useRef, useState } from 'preact/hooks'
import { formatCount, formatTime } from '../format.ts'
import { text } from '../language.ts'
import {
  type Bucket,
  countOf,
  endOfBucket,
  type Layer,
  layers,
  spanOfBuckets,
  totalsOf,
} from '../model/histogram.ts'
import { keep, readKept } from '../storage.ts'
import { isDark } from '../theme.ts'
import { showFault } from '../toast.ts'
import type { DrawOptions } from './histogram-chart.ts'
import { Icon } from './icon.tsx'

export interface HistogramProps {
  /** What it counts, for readers of the screen. */
  readonly label: string
  readonly buckets: readonly Bucket[]
  /** How long each is, in milliseconds. */
  readonly bucketMs: number
  /** In rem. */
  readonly height?: number
  /** Called with inclusive times, epoch milliseconds, when a part is chosen. */
  readonly onZoom?: ((from: number, to: number) => void) | undefined
}

/**
 * Records over time, each bar in layers by state. A part is chosen by the pointer, or by the keyboard: arrow keys move, with Shift
 * they choose, Enter zooms. It can be hidden, and stays so.
 */
export function Histogram(props: HistogramProps) {
  const { histogram } = text()
  const [isShown, setShown] = useState(readKept('local', 'histogram') !== 'hidden')
  return (
    <section class="histogram" aria-label={props.label}>
      <div class="histogram-head">
        <button
          type="button"
          class="button-icon"
          aria-expanded={isShown}
          aria-label={isShown ? histogram.hide : histogram.show}
          title={isShown ? histogram.hide : histogram.show}
          onClick={() => {
            keep('local', 'histogram', isShown ? 'hidden' : undefined)
            setShown(!isShown)
          }}
        >
          <Icon name={isShown ? 'down' : 'histogram'} />
        </button>
        <Legend buckets={props.buckets} />
      </div>
      {isShown && <Chart {...props} />}
    </section>
  )
}

function Legend({ buckets }: { readonly buckets: readonly Bucket[] }) {
  const totals = totalsOf(buckets)
  return (
    <ul class="legend">
      {layers
        .filter(layer => (totals.get(layer) ?? 0) > 0)
        .map(layer => (
          <li key={layer} class={`legend-${layer}`}>
            {nameOf(layer)} <span class="number">{formatCount(totals.get(layer) ?? 0)}</span>
          </li>
        ))}
    </ul>
  )
}

function nameOf(layer: Layer): string {
  return layer === 'other' ? text().histogram.other : text().state[layer]
}

/** The bars, and the keys that choose among them. */
function Chart({ label, buckets, bucketMs, height = 6.5, onZoom }: HistogramProps) {
  const box = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState(0)
  const [from, setFrom] = useState<number | undefined>(undefined)
  const place = Math.min(at, Math.max(0, buckets.length - 1))
  const [pointed, setPointed] = useState<number | undefined>(undefined)
  useChart(box, { buckets, bucketMs, onZoom, onPoint: setPointed })
  const span = [from ?? place, place] as const
  return (
    <div
      class="chart"
      role="slider"
      tabIndex={0}
      aria-label={onZoom === undefined ? label : `${label}. ${text().histogram.keys}`}
      aria-valuemin={0}
      aria-valuemax={Math.max(0, buckets.length - 1)}
      aria-valuenow={place}
      aria-valuetext={describeBuckets(buckets, span, bucketMs)}
      style={{ height: `${height}rem` }}
      onKeyDown={event => {
        const to = nextBucket(event.key, place, buckets.length)
        if (to !== undefined) {
          event.preventDefault()
          setFrom(event.shiftKey ? (from ?? place) : undefined)
          setAt(to)
        } else if (event.key === 'Enter' && buckets.length > 0) {
          onZoom?.(...spanOfBuckets(buckets, span, bucketMs))
          setFrom(undefined)
        }
      }}
    >
      <div class="chart-canvas" ref={box} />
      <div class="chart-field" aria-hidden="true">
        <Marks count={buckets.length} span={span} />
        <span class="chart-value" data-pointed={pointed !== undefined}>
          {describeBuckets(buckets, pointed === undefined ? span : [pointed, pointed], bucketMs)}
        </span>
      </div>
    </div>
  )
}

function nextBucket(key: string, at: number, count: number): number | undefined {
  const moves: Readonly<Record<string, number>> = {
    ArrowRight: at + 1,
    ArrowLeft: at - 1,
    PageUp: at + 10,
    PageDown: at - 10,
    Home: 0,
    End: count - 1,
  }
  const to = moves[key]
  return to === undefined ? undefined : Math.max(0, Math.min(count - 1, to))
}

/** What the keys have chosen; seen while the chart has the focus. */
function Marks({
  count,
  span: [a, b],
}: {
  readonly count: number
  readonly span: readonly [number, number]
}) {
  const share = (part: number): string => `${(100 * part) / Math.max(1, count)}%`
  return (
    <div class="chart-marks" style={{ left: share(Math.min(a, b)), width: share(Math.abs(a - b) + 1) }} />
  )
}

/** `28 Nov, 18:05 – 18:06: Success 12, Failure 3` */
export function describeBuckets(
  buckets: readonly Bucket[],
  [a, b]: readonly [number, number],
  bucketMs: number,
): string {
  const [first, last] = a <= b ? [a, b] : [b, a]
  const chosen = buckets.slice(first, last + 1)
  const [begin] = chosen
  if (begin === undefined) return text().histogram.empty
  const counts = layers
    .map(layer => [layer, chosen.reduce((sum, bucket) => sum + countOf(bucket, layer), 0)] as const)
    .filter(([, count]) => count > 0)
    .map(([layer, count]) => `${nameOf(layer)} ${formatCount(count)}`)
  const span = `${formatTime(begin.time)} – ${formatTime(endOfBucket(buckets, last, bucketMs))}`
  return `${span}: ${counts.length === 0 ? '0' : counts.join(', ')}`
}

/** Draws the chart, and draws it anew when what it shows or the theme changes. The library comes when it is needed first. */
function useChart(
  box: { readonly current: HTMLDivElement | null },
  { buckets, bucketMs, onZoom, onPoint }: Omit<DrawOptions, 'isDark'>,
): void {
  const dark = isDark()
  const zoom = useRef(onZoom)
  zoom.current = onZoom
  const canZoom = onZoom !== undefined
  useEffect(() => {
    const place = box.current
    if (place === null) return
    let isGone = false
    let remove: (() => void) | undefined
    const options = {
      buckets,
      bucketMs,
      isDark: dark,
      onPoint,
      onZoom: canZoom ? (from: number, to: number) => zoom.current?.(from, to) : undefined,
    }
    import('./histogram-chart.ts').then(({ drawHistogram }) => {
      if (!isGone) remove = drawHistogram(place, options)
    }, showFault)
    return () => {
      isGone = true
      remove?.()
    }
  }, [box, buckets, bucketMs, dark, canZoom, onPoint])
}
