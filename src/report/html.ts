/** The report as one self-contained page: no script, no outside asset, every text escaped. */
import { drawTimeline } from './timeline-drawing.ts';
import { escapeHtml } from './escape-html.ts';
import { renderLearned } from './learn.ts';
import { headlines, type Section, sectionsOf } from './sections.ts';
import type { RunSnapshot } from './snapshot.ts';

const style = `
:root { color-scheme: light dark; --ok: #2f7d4f; --error: #c2410c; --denied: #7e22ce; --line: #8884; --dim: #777; }
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th.right, td.right { text-align: right; white-space: nowrap; }
svg { width: 100%; height: auto; } svg text { font: 11px system-ui, sans-serif; fill: currentColor; }
.ok { fill: var(--ok); } .error { fill: var(--error); } .denied { fill: var(--denied); }
.axis { stroke: var(--line); } .span { fill: var(--ok); opacity: .75; } .span.bad { fill: var(--error); }
pre { padding: .75rem; border: 1px solid var(--line); overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
`;

const mostRows = 1000;

/** @returns a whole HTML document */
export function renderHtml(snapshot: RunSnapshot): string {
  const learned = snapshot.policyMode === 'learn' ? renderLearned(snapshot.learned) : '';
  const title =
    snapshot.runId === null ? 'spacetail report' : `spacetail report: ${snapshot.runId}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p>${headlines(snapshot).map(escapeHtml).join('<br>')}</p>
<p>From ${new Date(snapshot.startedMs).toISOString()} to ${new Date(snapshot.snapshotMs).toISOString()}.</p>
<h2>Timeline</h2>
${drawTimeline(snapshot)}
${sectionsOf(snapshot, { mostRows }).map(asHtml).join('\n')}
${learned === '' ? '' : `<h2>Learned rules</h2>\n<pre>${escapeHtml(learned)}</pre>`}
</body>
</html>
`;
}

function asHtml({ title, columns, rows }: Section): string {
  const head = columns
    .map((column) => `<th class="${column.align}">${escapeHtml(column.title)}</th>`)
    .join('');
  const body = rows.map((row) => {
    const cells = row.map(
      (cell, at) => `<td class="${columns[at]?.align ?? 'left'}">${escapeHtml(cell)}</td>`,
    );
    return `<tr>${cells.join('')}</tr>`;
  });
  return `<h2>${escapeHtml(title)}</h2>
<table>
<thead><tr>${head}</tr></thead>
<tbody>
${body.join('\n')}
</tbody>
</table>`;
}
