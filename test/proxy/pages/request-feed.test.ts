import t from 'tap';
import { RequestFeed } from '../../../src/proxy/pages/request-feed.ts';
import { requestRecord } from '../../support/request-record.ts';

void t.test('the last 200 records are kept, oldest first', async (t) => {
  const feed = new RequestFeed();
  const newest: unknown[] = [];
  for (let port = 1; port <= 450; port++) {
    feed.publish(requestRecord({ port }));
    newest.push(feed.recent().at(-1)?.port);
  }
  t.strictSame(
    newest,
    Array.from({ length: 450 }, (_, index) => index + 1),
  );
  t.strictSame(
    feed.recent().map(({ port }) => port),
    Array.from({ length: 200 }, (_, index) => 251 + index),
  );
});

void t.test('a listener hears of each record until it unsubscribes', async (t) => {
  const feed = new RequestFeed();
  const ports: number[] = [];
  const unsubscribe = feed.subscribe(({ port }) => ports.push(port));
  feed.publish(requestRecord({ port: 1 }));
  unsubscribe();
  feed.publish(requestRecord({ port: 2 }));
  t.strictSame(ports, [1]);
});
