import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { unusedFlags } from '../../../lib/config/unused-flags.ts';
import { Metrics } from '../../../lib/metrics/metrics.ts';
import { annotations } from '../../../lib/planner/annotations.ts';
import { alerts } from '../../../scripts/alerts/rules-file.ts';
import { cliReference } from '../../../scripts/cli-reference.ts';
import { allPages, anchorsOf, codeOf, type Link, linksOf, shellLines, textOf } from './markdown.ts';

/** Flags that pages name by themselves and that belong to others. */
const foreignFlags = new Set([
  ...['--set', '--set-file', '--reset-then-reuse-values', '--build-arg', '--preserve', '--skip-phases'],
  ...['--kube-proxy-arg', '--semi-space-growth-factor', '--optimize-for-size', '--max-semi-space-size'],
  ...['--lite-mode', '--state', '--write'],
]);

/** Pages that are made from the code, or tell what was. */
const unchecked = /^(CHANGELOG\.md|docs\/reference\/.*|docs\/conformance\.md|docs\/benchmarks\.md)$/;

const pages = allPages();
const checked = pages.filter((page) => !unchecked.test(page));
const code = checked.flatMap((page) => codeOf(page));

/** What is wrong with a link; undefined where it leads somewhere. */
function faultOf({ page, written, path, anchor }: Link): string | undefined {
  if (!existsSync(path)) return `${page}: ${written}: there is no ${path}`;
  if (anchor === '' || !path.endsWith('.md')) return undefined;
  return anchorsOf(textOf(path)).has(anchor) ? undefined : `${page}: ${written}: there is no such heading`;
}

/** The pages that one leads to: a folder leads to its README. */
function pagesFrom(page: string): string[] {
  return linksOf(page).map(({ path }) =>
    existsSync(path) && statSync(path).isDirectory() ? join(path, 'README.md') : path,
  );
}

/** Every page that a reader comes to who begins at the README. */
function reached(): ReadonlySet<string> {
  const found = new Set(['README.md']);
  for (const page of found) {
    for (const next of page.endsWith('.md') && existsSync(page) ? pagesFrom(page) : []) found.add(next);
  }
  return found;
}

/** The flags of the program, also those that it takes and does not follow. */
function ownFlags(): ReadonlySet<string> {
  const shown = Array.from(cliReference().matchAll(/^ +(?:-\w, )?(--[a-z-]+)/gm), ([, flag = '']) => flag);
  return new Set([...shown, ...unusedFlags.keys()]);
}

/** Where a shell begins a command, or a program runs another, and it is this program. */
const ownCommand =
  /(?<=^|-- |[|;&] |\b[np]\d |\bsudo |\/bin\/node )(?:dist\/)?kube-ipvs(?:\.mjs)? ([a-z][^|;&>#]*)/g;

/** The commands of the program that a shell would run, up to where another one begins. */
function ownCommands(): { readonly page: string; readonly command: string }[] {
  return code.flatMap(({ page, text }) =>
    shellLines(text).flatMap((line) =>
      Array.from(line.matchAll(ownCommand), ([, command = '']) => ({
        page,
        command,
      })),
    ),
  );
}

function flagsIn(command: string): string[] {
  return Array.from(command.matchAll(/(?<=^|[\s[])--[a-z][a-z0-9-]*[a-z0-9](?![\w…-])/g), ([flag]) => flag);
}

/** Names that match and are not known, each with its page. */
function unknownNames(pattern: RegExp, isKnown: (name: string) => boolean): string[] {
  return checked.flatMap((page) =>
    Array.from(textOf(page).matchAll(pattern), ([name]) => name)
      .filter((name) => !isKnown(name))
      .map((name) => `${page}: ${name}`),
  );
}

describe('the documents', () => {
  it('link to files and headings that there are', () => {
    const links = pages.flatMap((page) => linksOf(page));
    expect(links.length).to.be.greaterThan(100);
    expect(links.map(faultOf).filter((fault) => fault !== undefined)).to.deep.equal([]);
  });

  it('are all reached from the README', () => {
    const found = reached();
    expect(pages.filter((page) => !found.has(page))).to.deep.equal([]);
  });

  it('name flags that the program has', () => {
    const own = ownFlags();
    const alone = code.filter(({ text, isBlock }) => !isBlock && text.startsWith('--'));
    const named = [
      ...alone.flatMap(({ page, text }) => flagsIn(text).map((flag) => ({ page, flag }))),
      ...ownCommands().flatMap(({ page, command }) => flagsIn(command).map((flag) => ({ page, flag }))),
    ];
    expect(named.length).to.be.greaterThan(50);
    const unknown = named.filter(({ flag }) => !own.has(flag) && !foreignFlags.has(flag));
    expect(unknown).to.deep.equal([]);
    expect([...foreignFlags].filter((flag) => !named.some((one) => one.flag === flag))).to.deep.equal([]);
  });

  it('name commands that the program has', () => {
    const own = new Set(
      Array.from(cliReference().matchAll(/^## kube-ipvs (\S+)/gm), ([, name = '']) => name),
    );
    const named = ownCommands().map(({ page, command }) => ({ page, name: command.split(/\s/)[0] ?? '' }));
    expect(named.length).to.be.greaterThan(30);
    expect(named.filter(({ name }) => !own.has(name))).to.deep.equal([]);
  });

  it('name metrics that /metrics has', () => {
    const build = { version: '', node_version: '', kernel_release: '', ipvs_version: '' };
    const names = new Set(
      new Metrics({ watches: () => ({}), build }).described().map((metric) => metric.name),
    );
    const isKnown = (name: string): boolean =>
      names.has(name.replace(/_(bucket|sum|count)$/, '')) || names.has(name) || name.endsWith('_');
    expect(unknownNames(/\b(?:kube_ipvs|kubeproxy)_[a-z_]+/g, isKnown)).to.deep.equal([]);
  });

  it('name lines of the log that the program writes', () => {
    const [, logs = ''] = textOf('docs/operating.md').split('\n## Logs\n');
    const told = Array.from(
      logs.matchAll(/^\| `([^`]+)` +\| (?:info|warn|error) /gm),
      ([, message = '']) => message,
    );
    expect(told.length).to.be.greaterThan(15);
    const files = readdirSync('lib', { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    const source = files.map((name) => readFileSync(join('lib', name), 'utf8')).join('');
    expect(told.filter((message) => !source.includes(`'${message}'`))).to.deep.equal([]);
  });

  it('name annotations that a Service may have', () => {
    const names = new Set(annotations.map(({ name }) => name));
    const isKnown = (name: string): boolean => names.has(name) || name.endsWith('/v1alpha1');
    expect(unknownNames(/\bkube-ipvs\.io\/[a-z0-9-]+/g, isKnown)).to.deep.equal([]);
    expect(unknownNames(/\bkube-router\.io\/[a-z0-9.-]*[a-z]/g, isKnown)).to.deep.equal([]);
  });

  it('name alerts that there are, and things that make can make', () => {
    const names = new Set(alerts.map(({ name }) => name));
    const known = (name: string): boolean => names.has(name) || name === 'KubeIpvsConfiguration';
    expect(unknownNames(/\bKubeIpvs[A-Z]\w+/g, known)).to.deep.equal([]);
    const recipe = readFileSync('Makefile', 'utf8');
    const targets = code.flatMap(({ page, text }) =>
      Array.from(text.matchAll(/(?:^|\n|&& )(?:[A-Z]+=\S+ )*make ([a-z-]+)/g), ([, target = '']) => ({
        page,
        target,
      })),
    );
    expect(targets.filter(({ target }) => !recipe.includes(`\n${target}:`))).to.deep.equal([]);
  });
});

describe('what is read of a page', () => {
  it('are links, but those in code and those to elsewhere', () => {
    const text =
      'See [a\nb](x.md#y), ![p](i/p.svg), `[no](no.md)`, [web](https://e.org).\n\n```\n[no](no)\n```\n';
    expect(linksOf('docs/a.md', text).map(({ path, anchor }) => [path, anchor])).to.deep.equal([
      ['docs/x.md', 'y'],
      ['docs/i/p.svg', ''],
    ]);
  });

  it('are the anchors of headings, as GitHub makes them', () => {
    const text = '# What is `--x`?\n\n## A [link](x.md): b\n\n## A link b\n\n```\n# none\n```\n';
    expect([...anchorsOf(text)]).to.deep.equal(['what-is---x', 'a-link-b', 'a-link-b-1']);
  });

  it('is code, with lines that go on', () => {
    const [block, piece] = codeOf('a.md', 'say `kube-ipvs\nrun`\n\n```sh\n$ a \\\n  --b\nc\n```\n');
    expect(shellLines(block?.text ?? '').slice(0, 2)).to.deep.equal(['a  --b', 'c']);
    expect(piece?.text).to.equal('kube-ipvs run');
  });
});
