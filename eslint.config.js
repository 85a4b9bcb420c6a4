import js from '@eslint/js';
import jsdoc from 'eslint-plugin-jsdoc';
import mocha from 'eslint-plugin-mocha';
import node from 'eslint-plugin-n';
import tseslint from 'typescript-eslint';
import { layerRules } from './eslint.layers.js';

const shipped = ['lib/**/*.ts', 'native-bindings/**/*.ts'];
const tests = ['test/**/*.ts'];

export default tseslint.config(
  { ignores: ['dist/', 'build/', 'node_modules/', 'coverage/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
        { selector: 'TSEnumDeclaration', message: 'Use a union of literals or a constant table.' },
      ],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: shipped,
    plugins: { jsdoc, n: node },
    rules: {
      complexity: ['error', 8],
      'max-lines': ['error', { max: 300 }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'jsdoc/require-jsdoc': [
        'error',
        {
          publicOnly: true,
          contexts: [
            'ExportNamedDeclaration > TSInterfaceDeclaration',
            'ExportNamedDeclaration > TSTypeAliasDeclaration',
            'ExportNamedDeclaration > VariableDeclaration',
            'ExportNamedDeclaration > ClassDeclaration',
            'ExportNamedDeclaration > FunctionDeclaration',
          ],
        },
      ],
      'jsdoc/no-types': 'error',
      'jsdoc/empty-tags': 'error',
      'n/no-process-env': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'argv', message: 'Only lib/config reads the command line.' },
      ],
    },
  },
  ...layerRules,
  {
    files: ['lib/config/**/*.ts'],
    rules: { 'n/no-process-env': 'off', 'no-restricted-properties': 'off' },
  },
  {
    files: tests,
    plugins: { mocha },
    rules: {
      'max-lines': ['error', { max: 600 }],
      'mocha/no-exclusive-tests': 'error',
      'mocha/no-pending-tests': 'error',
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      'no-console': 'off',
    },
  },
  { files: ['scripts/**/*.ts'], rules: { 'no-console': 'off' } },
);
