import { defineConfig } from 'tsup';

const library = defineConfig({
  entry: {
    index: 'src/index.ts',
    openai: 'src/providers/openai/index.ts',
    anthropic: 'src/providers/anthropic/index.ts',
    google: 'src/providers/google/index.ts',
    ollama: 'src/providers/ollama/index.ts',
    testing: 'src/testing/index.ts',
  },
  format: ['esm', 'cjs'],
  platform: 'neutral',
  target: 'node22',
  dts: true,
  splitting: true,
  sourcemap: true,
  // All but what the other one builds, at the same time.
  clean: ['*', '!cli.js*'],
  minify: false,
  // Dependencies and peers are external by default; this names what a host may bring beside them.
  external: [/^node:/],
  esbuildOptions(options, { format }) {
    // A CommonJS file that so much as names `import.meta` cannot be parsed.
    if (format === 'cjs') options.define = { ...options.define, 'import.meta.url': 'undefined' };
  },
});

/** The command takes the library as a host does, by its name: there is one copy of it in a process. */
const command = defineConfig({
  entry: { cli: 'src/cli/main.ts' },
  format: 'esm',
  platform: 'node',
  target: 'node22',
  sourcemap: true,
  clean: ['cli.js*'],
  external: [/^failsoft/],
});

export default [library, command];
