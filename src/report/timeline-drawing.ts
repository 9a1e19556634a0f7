/** The run over time as inline SVG: requests per bucket by their outcome, and when each destination was in use. */
import { escapeHtml } from './escape-html.ts';
import { formatBytes, formatMs, formatTarget, shorten } from './format.ts';
import type { Bucket, Destination, RunSnapshot } from './snapshot.ts';

const widthPx = 1000;
const labelPx = 230;
const barsPx = 120;
const lanePx = 18;
const mostLanes = 25;

interface Scale {
  readonly spanMs: number;
  /** x of a moment, ms after the start. */
  x(sinceStartMs: number): number;
}

export function drawTimeline(snapshot: RunSnapshot): string {
  const { bucketMs, buckets } = snapshot.timeline;
  const spanMs = Math.max(bucketMs * buckets.length, snapshot.snapshotMs - snapshot.startedMs, 1);
  const scale: Scale = {
    spanMs,
    x: (sinceStartMs) =>
      labelPx + (Math.min(Math.max(sinceStartMs, 0), spanMs) / spanMs) * (widthPx - labelPx),
  };
  const lanes = snapshot.destinations.slice(0, mostLanes).sort((a, b) => a.firstMs - b.firstMs);
  const height = barsPx + 30 + lanes.length * lanePx + 4;
  return `<svg viewBox="0 0 ${widthPx} ${height}" role="img" aria-label="Requests over time and the time each destination was in use">
${drawBars(buckets, bucketMs, scale)}
${drawAxis(scale)}
${lanes.map((lane, at) => drawLane(lane, at, snapshot, scale)).join('\n')}
</svg>`;
}

function drawBars(buckets: readonly Bucket[], bucketMs: number, scale: Scale): string {
  const tallest = Math.max(1, ...buckets.map((bucket) => bucket.requests));
  const bars = buckets.flatMap((bucket, at) => {
    if (bucket.requests === 0) return [];
    const x = scale.x(at * bucketMs);
    const width = Math.max(1, scale.x((at + 1) * bucketMs) - x - 0.5);
    const ok = bucket.requests - bucket.errors - bucket.denied;
    const parts = [
      ['ok', ok],
      ['error', bucket.errors],
      ['denied', bucket.denied],
    ] as const;
    let y = barsPx;
    const rects = parts.map(([name, count]) => {
      const height = (count / tallest) * (barsPx - 10);
      y -= height;
      return count === 0
        ? ''
        : `<rect class="${name}" x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}"/>`;
    });
    const words = `${formatMs(at * bucketMs)}: ${bucket.requests} requests, ${bucket.errors} errors, ${bucket.denied} denied, ${formatBytes(bucket.bytes)}`;
    return [`<g><title>${escapeHtml(words)}</title>${rects.join('')}</g>`];
  });
  return `<text x="0" y="12">requests per ${escapeHtml(formatMs(bucketMs))}, at most ${tallest}</text>
<text x="0" y="30"><tspan class="ok">■</tspan> ok <tspan class="error">■</tspan> error <tspan class="denied">■</tspan> denied</text>
${bars.join('\n')}`;
}

function drawAxis(scale: Scale): string {
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const x = px(scale.x(part * scale.spanMs));
    const anchor = part === 0 ? 'start' : part === 1 ? 'end' : 'middle';
    return `<text x="${x}" y="${barsPx + 16}" text-anchor="${anchor}">${escapeHtml(formatMs(part * scale.spanMs))}</text>`;
  });
  return `<line class="axis" x1="${labelPx}" y1="${barsPx}" x2="${widthPx}" y2="${barsPx}"/>
${ticks.join('\n')}`;
}

function drawLane(lane: Destination, at: number, snapshot: RunSnapshot, scale: Scale): string {
  const y = barsPx + 30 + at * lanePx;
  const from = scale.x(lane.firstMs - snapshot.startedMs);
  const to = Math.max(from + 2, scale.x(lane.lastMs - snapshot.startedMs));
  const target = formatTarget(lane.host, lane.port);
  const isBad = lane.errors + lane.denied > 0;
  const words = `${target}: ${lane.requests} requests, ${lane.errors} errors, ${lane.denied} denied`;
  return `<g><title>${escapeHtml(words)}</title><text x="0" y="${y + 11}">${escapeHtml(shorten(target, 36))}</text>\
<rect class="span${isBad ? ' bad' : ''}" x="${px(from)}" y="${y + 3}" width="${px(to - from)}" height="${lanePx - 7}"/></g>`;
}

function px(value: number): string {
  return value.toFixed(1);
}
