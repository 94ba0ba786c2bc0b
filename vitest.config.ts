import { defineConfig } from 'vitest/config';

// Not `module`: Node does not know it, and some packages keep files there that only bundlers can load.
const conditions = ['failsoft-source', 'node', 'import', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    watch: false,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    maxWorkers: 2,
    passWithNoTests: true,
    restoreMocks: true,
    unstubGlobals: true,
    unstubEnvs: true,
    reporters: ['default', './.ci/closing-line-reporter.mjs'],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text-summary', 'html'],
    },
  },
});
