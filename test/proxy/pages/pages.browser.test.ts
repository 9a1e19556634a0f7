import t from 'tap';
import { startChromium } from '../../support/chromium.ts';
import { pagesServer } from '../../support/pages-server.ts';
import { requestRecord } from '../../support/request-record.ts';
import { tmpFolder } from '../../support/tmp-folder.ts';
import { waitFor } from '../../support/wait-for.ts';

/** Starts as ordinary text in every field that a client or a peer can choose. */
const markup = '<img src=x onerror="document.title=1">';

void t.test('the page in a real browser', async (t) => {
  const { url, port, feed } = await pagesServer(t, {
    overview: {
      warnings: [markup],
      peers: [
        { tailnet: 'partner', name: markup, addresses: [markup], tags: [markup], online: null },
      ],
    },
  });
  const browser = await startChromium(tmpFolder(t));
  t.teardown(() => browser.close());
  const text = (selector: string) =>
    browser.evaluate(
      `document.querySelector(${JSON.stringify(selector)}).innerText`,
    ) as Promise<string>;
  const rows = () => browser.evaluate(`document.querySelectorAll('#requests tr').length`);

  feed.publish(requestRecord({ host: 'past.example' }));
  await browser.open(`${url}/`);
  await waitFor(async () => (await rows()) === 1, { what: 'the request from before' });
  t.equal(await text('#state'), 'running');
  t.match(await text('#requests'), /allow\s+200\s+CONNECT past\.example:5432\s+100\.64\.0\.7/);

  const denied = {
    decision: 'deny',
    rule: '*.evil.example (SPACETAIL_DENY[0])',
    mode: 'enforce',
  } as const;
  feed.publish(
    requestRecord({ host: markup, peer: markup, ip: markup, detail: markup, error: markup }),
  );
  feed.publish(
    requestRecord({
      host: 'a.evil.example',
      policy: denied,
      status: 403,
      error: 'http_request_denied',
    }),
  );
  await waitFor(async () => (await rows()) === 3, { what: 'requests as they happen' });
  t.match(
    await text('#requests tr:first-child'),
    /deny[^]*SPACETAIL_DENY\[0\][^]*403[^]*a\.evil\.example/,
  );
  t.equal(
    await browser.evaluate(`document.querySelectorAll('img').length`),
    0,
    'markup stays text',
  );
  t.equal(await browser.evaluate('document.title'), 'spacetail');
  t.match(await text('#peers'), markup);
  t.match(await text('#peers'), 'partner');
  t.notMatch(await text('#requests'), 'partner', 'with one tailnet a row has no name of it');
  feed.publish(requestRecord({ host: 'web.partner.test', tailnet: 'partner' }));
  await waitFor(async () => (await rows()) === 4, { what: 'a request to a named tailnet' });
  t.match(await text('#requests tr:first-child'), /web\.partner\.test[^]*tailnet\s+partner/);

  await browser.evaluate(`document.getElementById('trouble').click()`);
  t.equal(await rows(), 2, 'only what was denied or failed');
  await browser.evaluate(
    `(() => { const filter = document.getElementById('filter'); filter.value = 'evil.ex'; filter.dispatchEvent(new Event('input')); })()`,
  );
  t.equal(await rows(), 1, 'only what the filter says');

  t.strictSame(browser.console, [], 'nothing broke the content security policy');
  t.match(
    await browser.evaluate(
      `fetch('https://example.com/').then(() => 'read', (error) => error.message)`,
    ),
    'Failed to fetch',
    'the page cannot send anything elsewhere',
  );

  await browser.open(`http://localhost:${port}/`);
  const steal = (path: string) =>
    browser.evaluate(
      `fetch('http://127.0.0.1:${port}${path}', { mode: 'no-cors' }).then((r) => r.type, () => 'blocked')`,
    );
  t.equal(await steal('/metrics'), 'blocked', 'another origin reads nothing');
});
