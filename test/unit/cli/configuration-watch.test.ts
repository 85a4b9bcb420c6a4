import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import sinon from 'sinon';
import { ConfigurationWatch } from '../../../lib/cli/configuration-watch.ts';
import { systemClock } from '../../../lib/sources/clock.ts';

/** A directory as the kubelet mounts a ConfigMap: links to files of a directory that is swapped as a whole. */
class MountedConfigMap {
  readonly directory = mkdtempSync(join(tmpdir(), 'configmap-'));
  readonly file = join(this.directory, 'config.conf');
  #version = 0;

  constructor(text: string) {
    this.swap(text);
    symlinkSync('..data/config.conf', this.file);
  }

  swap(text: string): void {
    this.#version += 1;
    const version = `..version_${this.#version}`;
    mkdirSync(join(this.directory, version));
    writeFileSync(join(this.directory, version, 'config.conf'), text);
    symlinkSync(version, join(this.directory, '..data_tmp'));
    renameSync(join(this.directory, '..data_tmp'), join(this.directory, '..data'));
  }
}

describe('a watch of a configuration file', () => {
  let mounted: MountedConfigMap;
  let watch: ConfigurationWatch | undefined;

  beforeEach(() => {
    mounted = new MountedConfigMap('first');
  });

  afterEach(() => {
    watch?.stop();
    rmSync(mounted.directory, { recursive: true });
  });

  /** Begins a watch. Gives what resolves with the next text that it tells. */
  function started(pollTime: number, settleTime = 20): { texts: string[]; next: () => Promise<string> } {
    const texts: string[] = [];
    let told = Promise.withResolvers<string>();
    watch = new ConfigurationWatch({
      file: mounted.file,
      text: readFileSync(mounted.file, 'utf8'),
      read: () => readFile(mounted.file, 'utf8'),
      changed: (text) => {
        texts.push(text);
        told.resolve(text);
        told = Promise.withResolvers<string>();
      },
      lost: (error) => {
        texts.push(`lost ${(error as NodeJS.ErrnoException).code ?? ''}`);
      },
      clock: systemClock,
      settleTime,
      pollTime,
    });
    watch.start();
    return { texts, next: () => told.promise };
  }

  it('tells of links that were swapped, without waiting for its next look', async () => {
    const { next } = started(3_600_000);
    const second = next();
    mounted.swap('second');
    expect(await second).to.equal('second');
    const third = next();
    mounted.swap('third');
    expect(await third).to.equal('third');
  });

  it('tells of a file that was written in its place, and of one put in its place', async () => {
    const plain = join(mounted.directory, 'plain');
    renameSync(mounted.file, plain);
    writeFileSync(mounted.file, 'first');
    const { next } = started(3_600_000);
    const second = next();
    writeFileSync(mounted.file, 'second');
    expect(await second).to.equal('second');
    const third = next();
    writeFileSync(`${mounted.file}.new`, 'third');
    renameSync(`${mounted.file}.new`, mounted.file);
    expect(await third).to.equal('third');
  });

  it('tells nothing where nothing gives signs, until it looks', async () => {
    const { next } = started(10);
    const second = next();
    // What the link points to changes in a directory that is not watched.
    writeFileSync(join(mounted.directory, '..data', 'config.conf'), 'second');
    expect(await second).to.equal('second');
  });
});

describe('a watch of a configuration file, looked at by a clock', () => {
  afterEach(() => {
    sinon.restore();
  });

  /** Begins a watch of a text that is not in any file. */
  function watched(): {
    clock: sinon.SinonFakeTimers;
    told: string[];
    write: (text: string | undefined) => void;
    stop: () => void;
  } {
    const clock = sinon.useFakeTimers();
    let text: string | undefined = 'first';
    const told: string[] = [];
    const watch = new ConfigurationWatch({
      file: '/no/such/directory/file',
      text,
      read: () => (text === undefined ? Promise.reject(new Error('gone')) : Promise.resolve(text)),
      changed: (next) => told.push(next),
      lost: (error) => told.push((error as Error).message),
      clock: systemClock,
    });
    watch.start();
    const write = (next: string | undefined): void => {
      text = next;
    };
    return {
      clock,
      told,
      write,
      stop: () => {
        watch.stop();
      },
    };
  }

  it('tells a text once, when it has stood still for a second', async () => {
    const { clock, told, write, stop } = watched();
    await clock.tickAsync(4999);
    write('sec');
    await clock.tickAsync(500);
    write('second');
    await clock.tickAsync(1400);
    expect(told).to.deep.equal([]);
    await clock.tickAsync(5000);
    expect(told).to.deep.equal(['second']);
    await clock.tickAsync(60_000);
    expect(told).to.deep.equal(['second']);
    stop();
  });

  it('tells nothing of a text that is soon as it was', async () => {
    const { clock, told, write, stop } = watched();
    await clock.tickAsync(4999);
    write('other');
    await clock.tickAsync(500);
    write('first');
    await clock.tickAsync(60_000);
    expect(told).to.deep.equal([]);
    stop();
  });

  it('tells once that the file is gone, and what it is when it comes back', async () => {
    const { clock, told, write, stop } = watched();
    write(undefined);
    await clock.tickAsync(30_000);
    expect(told).to.deep.equal(['gone']);
    write('second');
    await clock.tickAsync(30_000);
    expect(told).to.deep.equal(['gone', 'second']);
    write(undefined);
    await clock.tickAsync(30_000);
    expect(told).to.deep.equal(['gone', 'second', 'gone']);
    stop();
  });

  it('tells nothing any more when it was stopped', async () => {
    const { clock, told, write, stop } = watched();
    await clock.tickAsync(4999);
    write('second');
    await clock.tickAsync(500);
    stop();
    await clock.tickAsync(60_000);
    expect(told).to.deep.equal([]);
  });
});
