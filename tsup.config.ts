import { defineConfig } from 'tsup';

export default defineConfig({
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
  clean: true,
  minify: false,
  // Dependencies and peers are external by default; this names what a host may bring beside them.
  external: [/^node:/],
  esbuildOptions(options, { format }) {
    // A CommonJS file that so much as names `import.meta` cannot be parsed.
    if (format === 'cjs') options.define = { ...options.define, 'import.meta.url': 'undefined' };
  },
});
