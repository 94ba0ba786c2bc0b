/**
 * Mutation testing of the three rooms that decide: `npm run mutate [-- files]`. Apart from `npm test`: all of it takes long.
 *
 * Left out, beside what lies outside these rooms:
 * - texts for operators (`message`, `reason`): they are tested where they matter, not letter by letter;
 * - mutants of what is evaluated once when a module loads: each would need a process of its own.
 */
export default {
  testRunner: 'rooms',
  testRunnerNodeArgs: ['--conditions=failsoft-source'],
  mutate: ['src/{health,routing,execution}/**/*.ts'],
  coverageAnalysis: 'perTest',
  ignoreStatic: true,
  plugins: [import.meta.resolve('./runner.mjs'), import.meta.resolve('./ignore-texts.mjs')],
  ignorers: ['texts'],
  thresholds: { high: 95, low: 85, break: 85 },
  concurrency: 1,
  timeoutMS: 20_000,
  timeoutFactor: 1.5,
  incremental: true,
  incrementalFile: '.tmp/stryker/incremental.json',
  tempDirName: '.tmp/stryker/sandbox',
  ignorePatterns: ['dist', 'coverage', 'examples', 'test/bench', 'test/fixtures'],
  reporters: ['clear-text', 'json', 'progress-append-only'],
  jsonReporter: { fileName: '.tmp/stryker/report.json' },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false, reportScoreTable: true },
  allowConsoleColors: false,
};
