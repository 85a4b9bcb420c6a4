import { expect } from 'chai';
import { EventFeed } from '../../../lib/cli/event-feed.ts';
import { formatEvent } from '../../../lib/cli/output/event-line.ts';
import { painter } from '../../../lib/cli/output/paint.ts';
import type { DaemonEvent } from '../../../lib/socket/event.ts';
import { type Sketch, World } from '../reconciler/world.ts';

const web: Sketch = { vip: '10.0.0.1', endpoints: ['10.1.0.1', '10.1.0.2'] };

/** A reconciler whose changes are followed. */
class Followed {
  readonly events: DaemonEvent[] = [];
  readonly stream = { watched: true, send: (event: DaemonEvent) => void this.events.push(event) };
  readonly feed: EventFeed;
  readonly world: World;
  #now = 0;

  constructor() {
    this.feed = new EventFeed({ stream: this.stream, now: () => (this.#now += 1), portName: () => 'http' });
    this.world = new World({
      listener: this.feed.listener,
      plan: (service) => {
        const plan = this.world.plan(service);
        this.feed.planned(service, plan);
        return plan;
      },
    });
    const { wanted } = this.world.reconciler;
    this.feed.follow({
      virtualServers: () => wanted.tables.virtualServers.entries(),
      ownerOf: (key) => wanted.ownerOf(key),
    });
  }

  /** Starts with one service and forgets what came of that. */
  async start(): Promise<void> {
    this.world.services.set('a/web', web);
    await this.world.start();
    this.events.length = 0;
  }

  async change(sketches: Record<string, Sketch | undefined>): Promise<void> {
    this.feed.queued();
    await this.world.change(sketches);
  }

  /** What came, as lines without times. */
  lines(): string[] {
    return this.events.map((event) =>
      formatEvent(event, painter(false))
        .slice(13, -1)
        .replace(/ [\d.]+ ms$/, ''),
    );
  }
}

describe('the events of a daemon', () => {
  it('are every change, with its service', async () => {
    const followed = new Followed();
    await followed.start();
    await followed.change({ 'a/web': { ...web, endpoints: ['10.1.0.2', '10.1.0.3'], weight: 5 } });
    expect(followed.lines()).to.deep.equal([
      '~real-server 10.0.0.1:80/TCP → 10.1.0.2:8080 w=1 => w=5 (a/web)',
      '+real-server 10.0.0.1:80/TCP → 10.1.0.3:8080 w=5 (a/web)',
      '-real-server 10.0.0.1:80/TCP → 10.1.0.1:8080 w=1 (a/web)',
    ]);
  });

  it('tell how long it took from the moment when the change was asked for', async () => {
    const followed = new Followed();
    await followed.start();
    await followed.change({ 'a/web': { ...web, endpoints: ['10.1.0.2'] } });
    expect(followed.events[0]?.milliseconds).to.be.greaterThan(0);
    followed.world.kernel.virtualServers.unload(['TCP 10.0.0.1:80']);
    followed.events.length = 0;
    await followed.world.audit();
    await followed.world.settled();
    expect(followed.events.map(({ milliseconds }) => milliseconds)).to.include(null);
  });

  it('know whose a virtual server was that goes with its service', async () => {
    const followed = new Followed();
    await followed.start();
    await followed.change({ 'a/web': undefined });
    expect(followed.lines()).to.include('-virtual-server 10.0.0.1:80/TCP rr (a/web)');
  });

  it('are what the kernel refused, with the reason', async () => {
    const followed = new Followed();
    await followed.start();
    followed.world.refuse('realServers', 'TCP 10.0.0.1:80 -> 10.1.0.9:8080');
    await followed.change({ 'a/web': { ...web, endpoints: [...web.endpoints, '10.1.0.9'] } });
    const [line] = followed.lines();
    expect(line).to.match(/^!\+real-server refused 10\.0\.0\.1:80\/TCP → 10\.1\.0\.9:8080 .+ \(a\/web\)$/);
  });

  it('are drift that is repaired, and contention', async () => {
    const followed = new Followed();
    await followed.start();
    followed.world.kernel.realServers.unload(['TCP 10.0.0.1:80 -> 10.1.0.1:8080']);
    await followed.world.audit();
    expect(followed.lines()).to.include('drift real-server 10.0.0.1:80/TCP → 10.1.0.1:8080 missing (a/web)');
    await followed.change({ 'b/other': { ...web, created: 9 } });
    expect(followed.lines()).to.include(
      'contended virtual-server 10.0.0.1:80/TCP wanted by b/other too (a/web)',
    );
  });

  it('are none where nobody follows', async () => {
    const followed = new Followed();
    followed.stream.watched = false;
    await followed.start();
    await followed.change({ 'a/web': { ...web, endpoints: ['10.1.0.2'] } });
    followed.world.kernel.addresses.unload(['10.0.0.1']);
    await followed.world.audit();
    expect(followed.events).to.deep.equal([]);
  });

  it('are written with the time of the day in front, in colours where they are wanted', () => {
    const event: DaemonEvent = {
      ...{ time: '2026-01-02T15:04:05.123Z', kind: 'change', action: '+', table: 'realServers' },
      ...{ key: 'UDP [fd00::a]:53 -> [fd00:1::7]:53', service: 'kube-system/kube-dns', text: 'w=1' },
      ...{ milliseconds: 0.84, count: null },
    };
    expect(formatEvent(event, painter(false))).to.equal(
      '15:04:05.123 +real-server [fd00::a]:53/UDP → [fd00:1::7]:53 w=1 (kube-system/kube-dns) 0.8 ms\n',
    );
    expect(formatEvent(event, painter(false), true)).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \+/);
    expect(formatEvent(event, painter(true))).to.contain('\u001b[32m+real-server\u001b[0m');
  });
});
