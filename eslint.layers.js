/**
 * The rooms of the house and the lower rooms that each may import from. An import that points anywhere else is an
 * error of `make lint`. Data flows sources → catalog → planner → ledger → tables → kernel, and no room knows the one
 * behind it.
 */
export const layers = {
  'native-bindings': [],
  'lib/model': [],
  'lib/kernel': ['native-bindings', 'lib/model'],
  'lib/planner': ['lib/model'],
  'lib/catalog': ['lib/model'],
  'lib/sources': ['lib/model', 'lib/catalog'],
  'lib/reconciler': ['lib/model', 'lib/planner', 'lib/kernel'],
  'lib/trace': ['lib/model', 'lib/kernel'],
  'lib/doctor': ['lib/model', 'lib/kernel', 'lib/trace'],
  'lib/config': ['lib/model', 'lib/planner'],
  'lib/health': ['lib/model'],
  'lib/metrics': ['lib/model'],
  'lib/socket': ['lib/model'],
  'lib/cli': [
    'native-bindings',
    'lib/model',
    'lib/kernel',
    'lib/planner',
    'lib/catalog',
    'lib/sources',
    'lib/reconciler',
    'lib/trace',
    'lib/doctor',
    'lib/config',
    'lib/health',
    'lib/metrics',
    'lib/socket',
  ],
};

/** The last name of a room's path, by which relative imports reach it. */
const nameOf = (room) => room.split('/').at(-1);

/** ESLint configurations that forbid every import that the table above does not allow. */
export const layerRules = Object.entries(layers).map(([room, allowed]) => ({
  files: [`${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          ...Object.keys(layers)
            .filter((other) => other !== room && !allowed.includes(other))
            .map((other) => ({
              regex: `^\\.\\.?/(.*/)?${nameOf(other)}/`,
              message: `${room} may import from: ${allowed.join(', ') || 'nothing but itself'}.`,
            })),
          { regex: '/test/', message: 'Shipped code does not import test code.' },
        ],
      },
    ],
  },
}));
