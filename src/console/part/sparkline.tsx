export interface SparklineProps {
  /** What it shows, in words. */
  readonly label: string
  readonly counts: readonly number[]
  /** How many of each count failed. */
  readonly failures?: readonly number[]
}

const height = 20
const step = 4

/** Counts over time as small bars. */
export function Sparkline({ label, counts, failures = [] }: SparklineProps) {
  const highest = Math.max(1, ...counts)
  const scaled = (count: number): number => (count === 0 ? 0 : Math.max(1.5, (count / highest) * height))
  return (
    <svg
      class="sparkline"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${Math.max(1, counts.length) * step} ${height}`}
      width={counts.length * step}
      height={height}
      preserveAspectRatio="none"
    >
      {counts.map((count, i) => {
        const failed = scaled(failures[i] ?? 0)
        return (
          <g key={i}>
            <rect
              class="spark"
              x={i * step}
              y={height - scaled(count)}
              width={step - 1}
              height={scaled(count)}
            />
            {failed > 0 && (
              <rect class="spark-failure" x={i * step} y={height - failed} width={step - 1} height={failed} />
            )}
          </g>
        )
      })}
    </svg>
  )
}
