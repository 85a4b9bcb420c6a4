import type { DocumentOptions, ParseOptions, ScalarTag, SchemaOptions, Tags } from 'yaml';

/**
 * How manifests are read: YAML 1.2, whatever a %YAML line says, with the merge keys of 1.1 that people use. Numbers are
 * numbers only in plain decimal: `017` and `0o17` mean different things to different readers, so they stay text and are
 * refused wherever a number is expected.
 */
export const yamlOptions: ParseOptions & DocumentOptions & SchemaOptions = {
  schema: 'core',
  merge: true,
  logLevel: 'silent',
  prettyErrors: false,
  customTags: plainNumbers,
};

/** Nodes that aliases may stand for in one document: enough for any manifest, too few to exhaust memory. */
export const mostAliases = 10_000;

const integerTag = 'tag:yaml.org,2002:int';

function plainNumbers(tags: Tags): Tags {
  return tags.filter((tag) => !isOtherBase(tag)).map((tag) => (isInteger(tag) ? plainInteger(tag) : tag));
}

function plainInteger(tag: ScalarTag): ScalarTag {
  return { ...tag, test: /^-?(?:0|[1-9][0-9]*)$/ };
}

function isInteger(tag: Tags[number]): tag is ScalarTag {
  return typeof tag === 'object' && tag.tag === integerTag;
}

function isOtherBase(tag: Tags[number]): boolean {
  return isInteger(tag) && tag.format !== undefined;
}
