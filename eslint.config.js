import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const SRC = ['src/**/*.ts'];
/** What runs in Node only: the test kit and the command. */
const IN_NODE = ['src/testing/**/*.ts', 'src/cli/**/*.ts'];
/** The places that own a real clock: the system runtime, and emulators that answer over real sockets. */
const CLOCK_OWNERS = ['src/core/runtime.ts', 'src/testing/emulators/**/*.ts'];

const runtimeInstead = 'Use the injected Runtime (now, sleep, random).';
const timers = ['setTimeout', 'setInterval', 'setImmediate', 'performance'];

const ambientGlobals = [
  { name: 'console', message: 'Tell it as an event; an observer decides where it goes.' },
];
const clockGlobals = timers.map((name) => ({ name, message: runtimeInstead }));
const nodeGlobals = ['process', 'Buffer', 'global', '__dirname', '__filename', 'require'].map((name) => ({
  name,
  message: 'Only src/testing and src/cli may lean on Node; everything else runs wherever there is fetch.',
}));

const clockProperties = [
  { object: 'Date', property: 'now', message: runtimeInstead },
  { object: 'Math', property: 'random', message: runtimeInstead },
  ...timers.map((property) => ({ object: 'globalThis', property, message: runtimeInstead })),
];
const clockSyntax = [
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: runtimeInstead },
  { selector: "CallExpression[callee.name='Date']", message: runtimeInstead },
  {
    selector: "CallExpression[callee.object.name='AbortSignal'][callee.property.name='timeout']",
    message: `${runtimeInstead} AbortSignal.timeout is a timer of its own.`,
  },
];
const exportSyntax = [
  { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
  { selector: "ExportSpecifier[exported.name='default']", message: 'Export by name.' },
];
const nodeImports = {
  patterns: [{ group: ['node:*'], message: 'No node: module outside src/testing and src/cli.' }],
};

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'coverage', '.tmp', 'test/fixtures'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // A generator or a method may have to be async for the sake of its interface.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    files: SRC,
    rules: {
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'max-lines': ['error', { max: 350, skipBlankLines: true, skipComments: true }],
      complexity: ['error', 15],
      'max-params': ['error', 4],
      'no-restricted-globals': ['error', ...ambientGlobals, ...clockGlobals, ...nodeGlobals],
      'no-restricted-properties': ['error', ...clockProperties],
      'no-restricted-syntax': ['error', ...exportSyntax, ...clockSyntax],
      'no-restricted-imports': ['error', nodeImports],
    },
  },
  {
    files: IN_NODE,
    rules: {
      'no-restricted-globals': ['error', ...ambientGlobals, ...clockGlobals],
      'no-restricted-imports': 'off',
    },
  },
  {
    files: CLOCK_OWNERS,
    rules: {
      'no-restricted-globals': ['error', ...ambientGlobals],
      'no-restricted-properties': 'off',
      'no-restricted-syntax': ['error', ...exportSyntax],
    },
  },
  {
    // Vendors' replies are not ours to type; everywhere else `any` would only hide a question.
    files: ['src/providers/**/*.ts', 'test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', setTimeout: 'readonly' },
    },
  },
);
