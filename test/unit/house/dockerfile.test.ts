import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { DockerfileParser } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';

interface Line {
  readonly keyword: string;
  readonly words: string;
}

/** The instructions of each stage, those before the first one first. */
function stagesOf(text: string): Line[][] {
  const stages: Line[][] = [[]];
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const keyword = instruction.getKeyword();
    if (keyword === 'FROM') stages.push([]);
    stages.at(-1)?.push({ keyword, words: instruction.getRawArgumentsContent() ?? '' });
  }
  return stages;
}

function of(stage: readonly Line[] | undefined, keyword: string): string[] {
  return (stage ?? []).filter((line) => line.keyword === keyword).map(({ words }) => words);
}

describe('the Dockerfile', () => {
  const text = readFileSync('Dockerfile', 'utf8');
  const [head, build, image] = stagesOf(text);

  it('is one that the linter finds nothing in', () => {
    expect(validate(text)).to.deep.equal([]);
    expect(
      validate(text.replace('\nUSER', '\nMAINTAINER nobody\nUSER')),
      'what it would find',
    ).to.have.length(1);
  });

  it('builds on the version of Node that everything is tested on, by its full number', () => {
    const manifest = readFileSync('node_modules/node/package.json', 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    expect(of(head, 'ARG')).to.deep.equal([
      `NODE_VERSION=${version}`,
      'NODE_IMAGE=node:${NODE_VERSION}-bookworm',
    ]);
    expect(of(build, 'FROM')).to.deep.equal(['${NODE_IMAGE} AS build']);
  });

  it('makes the tree as `make image-tree` does', () => {
    const recipe = readFileSync('Makefile', 'utf8').replaceAll('$(image)', '/image');
    const [last = ''] = of(build, 'RUN').slice(-1);
    const [debian = '', tree = ''] = last.split(' && ');
    expect(debian).to.equal('scripts/image/debian.sh /image');
    for (const command of [debian, tree]) expect(recipe).to.contain(`\t@${command}\n`);
  });

  it('gives every file of the image one time, which who builds it may choose', () => {
    expect(of(build, 'ARG')).to.deep.equal(['SOURCE_DATE_EPOCH=0']);
    const [last = ''] = of(build, 'RUN').slice(-1);
    expect(last).to.match(
      /&& find \/image -exec touch --no-dereference --date="@\$\{SOURCE_DATE_EPOCH\}" \{\} \+$/,
    );
    expect(readFileSync('scripts/image/build.sh', 'utf8')).to.contain(
      '--build-arg "SOURCE_DATE_EPOCH=$time"',
    );
  });

  it('takes nothing into the image but that tree', () => {
    expect(of(image, 'FROM')).to.deep.equal(['scratch']);
    expect(of(image, 'COPY')).to.deep.equal(['/image /']);
    expect(text).to.contain('\nCOPY --from=build /image /\n');
    for (const keyword of ['ADD', 'RUN', 'EXPOSE', 'VOLUME']) expect(of(image, keyword)).to.deep.equal([]);
  });

  it('says what the image is, what it may and how it starts', () => {
    const labels = of(image, 'LABEL').join(' ');
    for (const name of ['title', 'description', 'licenses', 'version', 'revision'])
      expect(labels).to.contain(`org.opencontainers.image.${name}=`);
    expect(labels).to.contain('io.kube-ipvs.capabilities="NET_ADMIN NET_RAW"');
    expect(of(image, 'USER')).to.deep.equal(['0:0']);
    expect(of(image, 'ENTRYPOINT')).to.deep.equal(['["/usr/bin/kube-ipvs"]']);
  });
});
