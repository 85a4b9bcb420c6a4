import { get, type IncomingMessage } from 'node:http';

/** Where the program serves its metrics unless told otherwise. */
const url = 'http://127.0.0.1:10249/metrics';

/** One scrape. */
export interface Scrape {
  readonly milliseconds: number;
  /** Of the text, which is not compressed: that would take the processor of who is measured. */
  readonly bytes: number;
}

/** Scrapes once and forgets what comes. */
async function scrape(): Promise<Scrape> {
  const began = performance.now();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { agent: false }, resolve).once('error', reject);
  });
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) bytes += piece.length;
  return { milliseconds: performance.now() - began, bytes };
}

/** Scrapes, one after the other, while something else is done. */
export class Scraping {
  readonly scrapes: Scrape[] = [];
  readonly #ended: Promise<void>;
  #over = false;

  constructor() {
    this.#ended = this.#run();
    // Whoever stops it is told.
    this.#ended.catch(() => undefined);
  }

  /** Ends it with the scrape under way. Rejects where one failed. */
  async stop(): Promise<void> {
    this.#over = true;
    await this.#ended;
  }

  async #run(): Promise<void> {
    do this.scrapes.push(await scrape());
    while (!this.#over);
  }
}
