import { fileURLToPath } from 'node:url';
import { mergeConfig } from 'vitest/config';
import base from '../vitest.config.ts';

/** The tests that say what health, routing and execution have to do. */
const rooms = ['behaviour', 'execution', 'health', 'invariants', 'router', 'routing'];
const fewerCases = fileURLToPath(new URL('./fewer-cases.mjs', import.meta.url));

const config = mergeConfig(base, {
  // Properties find most mutants within a few cases.
  resolve: { alias: [{ find: /^fast-check$/, replacement: fewerCases }] },
  test: {
    env: { FAILSOFT_RUNS: '25' },
    // One process for all: what is static is not mutated.
    isolate: false,
    testTimeout: 60_000,
  },
});
config.test.include = [`test/{${rooms.join(',')}}/**/*.test.ts`];
// About providers, and slow.
config.test.exclude = ['**/any-split.test.ts'];
config.test.reporters = [];
export default config;
