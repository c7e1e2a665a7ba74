import UPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { formatCompact, formatShortTime } from '../format.ts'
import {
  type Bucket,
  bucketAt,
  endOfBucket,
  type Layer,
  type Stack,
  spanOfBuckets,
  stackLayers,
} from '../model/histogram.ts'

export interface DrawOptions {
  readonly buckets: readonly Bucket[]
  readonly bucketMs: number
  readonly isDark: boolean
  readonly onZoom: ((from: number, to: number) => void) | undefined
  /** Called with the bucket that the pointer is over. */
  readonly onPoint: (bucket: number | undefined) => void
}

/** Draws bars into `box`, as wide and high as it is. Answers what takes them away. */
export function drawHistogram(box: HTMLElement, options: DrawOptions): () => void {
  const { buckets, bucketMs } = options
  const stacks = stackLayers(buckets)
  const data = [buckets.map(({ time }) => time / 1000), ...stacks.toReversed().map(({ tops }) => [...tops])]
  const chart = new UPlot(chartOptions(box, options, stacks), data as UPlot.AlignedData, box)
  const first = buckets[0]?.time ?? 0
  const end = endOfBucket(buckets, buckets.length - 1, bucketMs)
  chart.setScale('x', { min: first / 1000, max: Math.max(end, first + 1) / 1000 })
  const observer = new ResizeObserver(() => {
    chart.setSize({ width: box.clientWidth, height: box.clientHeight })
  })
  observer.observe(box)
  return () => {
    observer.disconnect()
    chart.destroy()
  }
}

function chartOptions(
  box: HTMLElement,
  { buckets, bucketMs, onZoom, onPoint }: DrawOptions,
  stacks: readonly Stack[],
): UPlot.Options {
  const style = getComputedStyle(box)
  const token = (name: string): string => style.getPropertyValue(name).trim()
  const font = `11px ${style.fontFamily}`
  const axis = { stroke: token('--ink-3'), font, ticks: { show: false } }
  const bars = UPlot.paths.bars?.({ size: [1, Number.POSITIVE_INFINITY], align: 1, gap: 1 })
  return {
    width: box.clientWidth,
    height: box.clientHeight,
    legend: { show: false },
    padding: [6, 8, 0, 0],
    scales: { x: { time: true }, y: { range: (_chart, _min, max) => [0, Math.max(1, max) * 1.05] } },
    axes: [
      {
        ...axis,
        size: 20,
        grid: { show: false },
        values: (_chart, splits, _axis, _space, step) => splits.map(time => formatTick(time * 1000, step)),
      },
      {
        ...axis,
        size: 44,
        splits: (_chart, _axis, _min, max) =>
          max < 2 ? [0, 1] : [0, Math.round(max / 2.1), Math.floor(max / 1.05)],
        values: (_chart, splits) => splits.map(formatCompact),
        grid: { stroke: token('--line'), width: 1 },
      },
    ],
    // The highest is drawn first, and the lower ones over it.
    series: [
      {},
      ...stacks.toReversed().map(({ layer }) => ({
        fill: fillOf(layer, token(`--${layer === 'other' ? 'neutral' : layer}-area`), token('--plane')),
        width: 0,
        points: { show: false },
        ...(bars !== undefined && { paths: bars }),
      })),
    ],
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: onZoom !== undefined, y: false, setScale: false },
    },
    hooks: {
      setCursor: [
        chart => {
          const { left = -1 } = chart.cursor
          onPoint(left < 0 ? undefined : bucketAt(buckets, chart.posToVal(left, 'x') * 1000, bucketMs))
        },
      ],
      setSelect: [
        chart => {
          const { left, width } = chart.select
          if (width < 2 || onZoom === undefined) return
          const from = bucketAt(buckets, chart.posToVal(left, 'x') * 1000, bucketMs) ?? 0
          const to =
            bucketAt(buckets, chart.posToVal(left + width, 'x') * 1000, bucketMs) ?? buckets.length - 1
          chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false)
          onZoom(...spanOfBuckets(buckets, [from, to], bucketMs))
        },
      ],
    },
  }
}

const daySeconds = 86_400

/** A tick of the time axis; `step`: seconds from one to the next. */
function formatTick(ms: number, step: number): string {
  const day = formatShortTime(ms).slice(0, '11-28'.length)
  const time = formatShortTime(ms).slice('11-28 '.length)
  if (step >= daySeconds) return day
  if (step < 60) return time.slice(0, '18:05:09'.length)
  const minute = time.slice(0, '18:05'.length)
  // The first one of a day tells which.
  return minute === '00:00' ? day : minute
}

const tile = 6

/** A colour alone does not tell the states apart: failures are striped, what runs is dotted, what waits is lined. */
function fillOf(layer: Layer, colour: string, ground: string): () => CanvasPattern | string {
  return () => {
    const canvas = document.createElement('canvas')
    canvas.width = tile
    canvas.height = tile
    const context = canvas.getContext('2d')
    if (context === null || layer === 'success' || layer === 'other') return colour
    context.fillStyle = colour
    context.fillRect(0, 0, tile, tile)
    context.strokeStyle = ground
    context.fillStyle = ground
    context.lineWidth = 1.25
    context.beginPath()
    if (layer === 'failure') {
      for (const start of [-tile, 0, tile]) {
        context.moveTo(start - 1, tile + 1)
        context.lineTo(start + tile + 1, -1)
      }
      context.stroke()
    } else if (layer === 'running') context.fillRect(2, 2, 2, 2)
    else context.fillRect(0, 2, tile, 1.5)
    return context.createPattern(canvas, 'repeat') ?? colour
  }
}
