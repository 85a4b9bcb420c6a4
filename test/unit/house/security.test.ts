import { globSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { sysctlsOf } from '../../../lib/planner/sysctls.ts';
import { accessRules } from '../../../lib/sources/kubernetes/access-rules.ts';
import { plannerOptions } from '../fixtures.ts';

const page = readFileSync('SECURITY.md', 'utf8');
const sources = globSync(['lib/**/*.ts', 'native-bindings/**/*.ts']).map((path) => ({
  path,
  text: readFileSync(path, 'utf8'),
}));

function thoseWith(pattern: RegExp): string[] {
  return sources.filter(({ text }) => pattern.test(text)).map(({ path }) => path);
}

describe('what SECURITY.md says that the program touches', () => {
  it('has every kernel setting that is written', () => {
    const conntrack = {
      ...{ maxPerCore: 1, min: 1, cores: 1, tcpBeLiberal: true },
      ...{ tcpEstablishedTimeout: 1, tcpCloseWaitTimeout: 1, udpTimeout: 1, udpStreamTimeout: 1 },
    };
    const options = plannerOptions({ conntrack, strictArp: true, kernel: { major: 5, minor: 4 } });
    const names = sysctlsOf(options).map(({ key }) => key.replaceAll('/', '.'));
    expect(names).to.have.length.greaterThan(12);
    const short = names.map((name) => name.replace('net.netfilter.nf_conntrack_', ''));
    expect(short.filter((name) => !page.includes(`\`${name}\``))).to.deep.equal([]);
  });

  it('has every file whose path stands in the code', () => {
    const absolute = /'(\/(?:proc|run|lib|sys|var|etc|host)\/[^'$ ]+?)\.?[' ]/g;
    const underProc = /'(net\/(?!ipv4|ipv6|netfilter|bridge)[^'$ ]+?)\.?[' ]/g;
    const paths = sources.flatMap(({ text }) => [
      ...Array.from(text.matchAll(absolute), ([, path = '']) => path),
      ...Array.from(text.matchAll(underProc), ([, path = '']) => `/proc/${path}`),
    ]);
    expect(paths).to.include('/proc/net/if_inet6');
    expect([...new Set(paths)].filter((path) => !page.includes(path))).to.deep.equal([]);
  });

  it('has everything that is asked of the API server', () => {
    const unnamed = accessRules.filter(({ resource }) => !page.toLowerCase().includes(resource));
    expect(unnamed).to.deep.equal([]);
    const verbs = new Set(accessRules.flatMap((rule) => rule.verbs));
    expect([...verbs].filter((verb) => !page.includes(`\`${verb}\``))).to.deep.equal([]);
  });

  it('has every program that is started by its name, but for those of iptables', () => {
    const calls = sources.flatMap(({ text }) =>
      Array.from(text.matchAll(/\brun\(\s*'([\w-]+)'/g), ([, name = '']) => name),
    );
    expect(calls).to.include.members(['modprobe', 'nft']);
    expect(calls.filter((name) => !page.includes(`\`${name}\``))).to.deep.equal([]);
  });

  it('is all that starts programs, calls foreign code, listens or asks the environment', () => {
    expect(thoseWith(/'node:child_process'/)).to.deep.equal(['lib/kernel/command.ts']);
    expect(thoseWith(/load\('ffi-napi'\)/)).to.deep.equal(['native-bindings/libc.ts']);
    expect(thoseWith(/\bcreateServer\(/).sort()).to.deep.equal([
      'lib/health/http-listener.ts',
      'lib/socket/socket-server.ts',
    ]);
    expect(thoseWith(/\bprocess\.env\b/)).to.deep.equal(['lib/config/process-input.ts']);
    const calls = readFileSync('native-bindings/libc.ts', 'utf8').matchAll(/^ {2,6}(\w+): \['int', \[/gm);
    const names = Array.from(calls, ([, name = '']) => name);
    expect(names).to.include.members(['socket', 'malloc_trim', 'madvise']);
    expect(names.filter((name) => !page.includes(`\`${name}\``))).to.deep.equal([]);
  });
});
