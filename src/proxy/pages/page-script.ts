/**
 * The page's script. Every text goes in as text: names of hosts are what clients wrote, and nothing here may
 * read markup (the page's policy has Trusted Types on).
 */
export const pageScript = String.raw`
'use strict';
const byId = (id) => document.getElementById(id);
const shownRows = 500;
let requests = [];
let isPaused = false;
let skippedInAll = 0;

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function size(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) { bytes /= 1000; unit += 1; }
  return (unit === 0 ? bytes : bytes.toFixed(1)) + ' ' + units[unit];
}

function isTrouble(request) {
  return request.decision !== 'allow' || request.error !== null;
}

function isShown(request) {
  if (byId('trouble').checked && !isTrouble(request)) return false;
  const wanted = byId('filter').value.trim().toLowerCase();
  const text = [request.host, request.port, request.ip, request.peer, request.tailnet, request.route, request.error, request.detail,
    request.client, request.decision, request.rule, request.status].join(' ').toLowerCase();
  return text.includes(wanted);
}

function rowOf(request) {
  const row = element('tr');
  row.append(element('td', new Date(request.timeMs).toLocaleTimeString(), 'nowrap'));
  const decision = element('td', request.decision.replace('_', ' '),
    { allow: 'good', deny: 'bad', would_deny: 'warn' }[request.decision]);
  if (request.rule) decision.append(element('span', request.rule, 'detail'));
  row.append(decision);
  row.append(element('td', request.status, request.error === null ? '' : 'bad'));
  const host = request.host.includes(':') ? '[' + request.host + ']' : request.host;
  const destination = element('td', request.method + ' ' + host + ':' + request.port);
  if (request.ip && request.ip !== request.host) {
    destination.append(element('span', request.ip + (request.peer ? ' · ' + request.peer : ''), 'detail'));
  }
  if (request.error) destination.append(element('span', request.detail || request.error, 'detail'));
  const route = element('td', request.route);
  if (request.tailnet) route.append(element('span', request.tailnet, 'detail'));
  row.append(destination, route);
  row.append(element('td', request.client ? request.client.split('/').pop() : ''));
  for (const value of [request.totalMs, size(request.bytesUp), size(request.bytesDown)]) {
    row.append(element('td', value, 'number'));
  }
  return row;
}

function showAll() {
  byId('requests').replaceChildren(...requests.filter(isShown).map(rowOf));
}

function showSkipped() {
  byId('skipped').textContent = skippedInAll === 0 ? '' : skippedInAll + ' more were too fast to show';
}

function addRequests(batch) {
  skippedInAll += batch.skipped;
  showSkipped();
  const added = batch.requests.reverse();
  requests = added.concat(requests).slice(0, shownRows);
  byId('empty').hidden = requests.length > 0;
  if (isPaused) return;
  const rows = byId('requests');
  rows.prepend(...added.filter(isShown).map(rowOf));
  while (rows.children.length > shownRows) rows.lastChild.remove();
}

function showOverview(overview) {
  const state = byId('state');
  state.textContent = overview.state;
  state.className = overview.state === 'running' ? 'good' : 'warn';
  byId('node').textContent = [overview.node.name, ...overview.node.addresses].filter(Boolean).join(' · ') +
    (overview.tailscaled.version ? ' · tailscaled ' + overview.tailscaled.version : '') +
    (overview.tailscaled.restarts ? ', restarted ' + overview.tailscaled.restarts + ' times' : '');
  const warnings = byId('warnings');
  warnings.hidden = overview.warnings.length === 0;
  warnings.replaceChildren(...overview.warnings.map((text) => element('li', text)));
  const counters = [['requests', 'requests'], ['denied', 'denied'], ['errors', 'failed'], ['openTunnels', 'open tunnels']];
  byId('counters').replaceChildren(...counters.map(([key, label]) => {
    const pair = element('div');
    pair.append(element('dt', label), element('dd', overview.counters[key]));
    return pair;
  }));
  byId('policy').textContent = 'Policy: ' + overview.policy.mode + (overview.policy.needsClient
    ? '. Some rules ask for the client\u2019s program, so a request waits until that is found out.' : '');
  byId('peer-count').textContent = '(' + overview.peers.length + (overview.suffix ? ' in ' + overview.suffix : '') + ')';
  byId('peers').replaceChildren(...overview.peers.map((peer) => {
    const row = element('tr');
    const online = peer.online === null ? 'unknown' : peer.online ? 'online' : 'offline';
    const name = element('td', peer.name);
    if (peer.tailnet) name.append(element('span', peer.tailnet, 'detail'));
    row.append(name, element('td', online, { online: 'good', offline: 'bad' }[online]),
      element('td', peer.addresses.join(' ')), element('td', peer.tags.join(' ')));
    return row;
  }));
}

byId('filter').addEventListener('input', showAll);
byId('trouble').addEventListener('change', showAll);
byId('pause').addEventListener('click', () => {
  isPaused = !isPaused;
  byId('pause').setAttribute('aria-pressed', String(isPaused));
  byId('pause').textContent = isPaused ? 'Go on' : 'Pause';
  if (!isPaused) showAll();
});

const events = new EventSource('/events');
events.addEventListener('open', () => {
  requests = [];
  skippedInAll = 0;
  byId('requests').replaceChildren();
  showSkipped();
});
events.addEventListener('overview', (event) => showOverview(JSON.parse(event.data)));
events.addEventListener('requests', (event) => addRequests(JSON.parse(event.data)));
events.addEventListener('error', () => {
  byId('state').textContent = 'no connection to spacetail';
  byId('state').className = 'bad';
});
`;
