/** The page for people: one document that asks for nothing but its own events. */
import { createHash } from 'node:crypto';
import { pageScript } from './page-script.ts';
import { pageStyle } from './page-style.ts';

const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Ccircle cx='4' cy='4' r='3' fill='%23246'/%3E%3C/svg%3E";

export const pageHtml = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>spacetail</title>
<link rel="icon" href="${icon}">
<style>${pageStyle}</style>
</head>
<body>
<header>
  <h1>spacetail</h1>
  <p id="state" role="status">connecting …</p>
  <p id="node"></p>
</header>
<main>
  <ul id="warnings" hidden></ul>
  <section aria-labelledby="counters-title">
    <h2 id="counters-title">This run</h2>
    <dl id="counters"></dl>
    <p id="policy"></p>
  </section>
  <section aria-labelledby="requests-title">
    <h2 id="requests-title">Requests</h2>
    <p class="tools">
      <label>Show only <input id="filter" type="search" placeholder="host, peer, error …" autocomplete="off"></label>
      <label><input id="trouble" type="checkbox"> denied or failed</label>
      <button id="pause" type="button" aria-pressed="false">Pause</button>
      <span id="skipped"></span>
    </p>
    <div class="scroll"><table>
      <thead><tr><th>Time</th><th>Decision</th><th>Status</th><th>Destination</th><th>Route</th><th>Client</th><th class="number">ms</th><th class="number">Up</th><th class="number">Down</th></tr></thead>
      <tbody id="requests"></tbody>
    </table></div>
    <p id="empty">No requests yet.</p>
  </section>
  <section aria-labelledby="peers-title">
    <h2 id="peers-title">Peers <span id="peer-count"></span></h2>
    <div class="scroll"><table>
      <thead><tr><th>Name</th><th>State</th><th>Addresses</th><th>Tags</th></tr></thead>
      <tbody id="peers"></tbody>
    </table></div>
  </section>
</main>
<noscript>This page needs JavaScript; <code>spacetail status</code> and <code>spacetail logs</code> do not.</noscript>
<script>${pageScript}</script>
</body>
</html>
`;

/** Only this script and this style, by their hashes, and only our own events (CSP Level 3). */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `script-src ${hashOf(pageScript)}`,
  `style-src ${hashOf(pageStyle)}`,
  'img-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
