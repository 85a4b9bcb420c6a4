import { expect } from 'chai';
import fc from 'fast-check';
import type { WrittenConfiguration } from '../../../lib/config/configuration.ts';
import { readConfigurationFile } from '../../../lib/config/configuration-file.ts';
import { effectiveConfiguration } from '../../../lib/config/effective-configuration.ts';
import { settingPaths } from '../../../lib/config/file-fields.ts';
import type { FileSetting } from '../../../lib/config/file-fields.ts';
import { featureGates } from '../../../lib/config/feature-gates.ts';
import { jsonFormOf } from '../../../lib/config/file-values.ts';
import { configurationJsonSchema } from '../../../lib/config/json-schema.ts';
import { fileContent, formatFile } from '../../../lib/config/written-file.ts';

const cidr = fc.oneof(
  fc
    .tuple(fc.nat(223), fc.nat(255), fc.integer({ min: 8, max: 32 }))
    .map(([a, b, n]) => `${a}.${b}.0.0/${n}`),
  fc.integer({ min: 0, max: 0xffff }).map((word) => `fd${(word & 0xff).toString(16)}::/64`),
);
const word = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9.-]{0,10}$/),
  fc.constantFrom(
    'y',
    'no',
    'on',
    'null',
    '1',
    '1e3',
    '0x1',
    '010',
    '1.5',
    'true',
    '.inf',
    '1:30',
    '2026-01-02',
  ),
);

/** What a person may write for a setting on the command line. */
function writtenValue(setting: FileSetting): fc.Arbitrary<unknown> {
  const { type, format, enum: names, minimum, maximum } = jsonFormOf(setting);
  if (Array.isArray(names)) return fc.constantFrom(...(names as unknown[]));
  if (setting === 'master') return fc.constantFrom('https://api.example:6443', '[fd00::1]:6443', '10.0.0.1');
  if (setting === 'socket') return fc.constantFrom('off', '/run/a.sock', '/null');
  if (setting === 'bindAddress') return fc.constantFrom('0.0.0.0', '10.1.2.3', '::', 'fd00::1');
  if (setting === 'clusterCidrs') return fc.constantFrom('10.0.0.0/8', 'fd00::/64', '10.0.0.0/8,fd00::/64');
  if (setting === 'featureGates') return fc.dictionary(fc.constantFrom(...featureGates.keys()), fc.boolean());
  if (format === 'go-duration') return fc.nat(1e9).map((time) => `${time}ms`);
  if (format === 'address-port') {
    return fc.constantFrom('0', '', '10.0.0.1', '10.0.0.1:80', '[::]:80', 'fd00::1', '[fd00::1]');
  }
  if (type === 'boolean') return fc.boolean();
  if (type === 'integer') return fc.integer({ min: Number(minimum), max: Number(maximum) }).map(String);
  return type === 'array' ? fc.array(cidr, { maxLength: 3 }) : word;
}

/** Flags that go together. */
const flags: fc.Arbitrary<WrittenConfiguration> = fc
  .record(
    Object.fromEntries(
      (Object.keys(settingPaths) as FileSetting[]).map((setting) => [setting, writtenValue(setting)]),
    ),
    { requiredKeys: ['bridgeInterface', 'interfaceNamePrefix'] },
  )
  .map(({ manifests: _directory, syncPeriod: _long, ...written }) => ({
    ...written,
    syncPeriod: '1000000s',
  }));

describe('a written configuration file', () => {
  it('is read as the configuration that it was written of', function () {
    fc.assert(
      fc.property(flags, fc.boolean(), (written, asJson) => {
        const effective = effectiveConfiguration({ flags: written, nodeName: 'node-a' });
        const content = fileContent(effective);
        const text = asJson ? JSON.stringify(content) : formatFile(content);
        const file = readConfigurationFile('written', text);
        expect(file.problems).to.deep.equal([]);
        const again = effectiveConfiguration({ flags: {}, file, nodeName: 'node-a' });
        expect(again.configuration).to.deep.equal(effective.configuration);
      }),
      { numRuns: 300 },
    );
  });

  it('names no node that nobody wrote down', () => {
    const contentOf = (written: WrittenConfiguration): unknown =>
      fileContent(effectiveConfiguration({ flags: written, nodeName: 'node-a' }))['hostnameOverride'];
    expect(contentOf({})).to.equal(undefined);
    expect(contentOf({ nodeName: 'node-b' })).to.equal('node-b');
  });

  it('has no field that the JSON Schema does not know, and each of its kind', () => {
    const schema = configurationJsonSchema() as unknown as ObjectSchema;
    const unknown = (content: object, { properties }: ObjectSchema, path: string): string[] =>
      Object.entries(content).flatMap(([name, value]: [string, unknown]) => {
        const field = properties[name];
        if (field === undefined) return [path + name];
        if (field.properties === undefined) return [];
        return unknown(value as object, field as ObjectSchema, `${path}${name}.`);
      });
    fc.assert(
      fc.property(flags, (written) => {
        const content = fileContent(effectiveConfiguration({ flags: written, nodeName: 'node-a' }));
        expect(unknown(content, schema, '')).to.deep.equal([]);
      }),
      { numRuns: 20 },
    );
    expect(schema.properties['ipvs']?.properties?.['strictARP']).to.deep.include({
      type: ['boolean', 'null'],
      default: false,
    });
  });
});

interface ObjectSchema {
  readonly properties: Readonly<Record<string, Partial<ObjectSchema>>>;
}
