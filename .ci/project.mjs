/** What several checks need to know about this project. */
import { build } from 'esbuild';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../', import.meta.url));
export const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** The entry points with code behind them: `.`, `./openai`, … */
export const entryPoints = Object.entries(manifest.exports).filter(
  ([, target]) => typeof target === 'object',
);

/** `./openai` → `failsoft/openai` */
export const specifierOf = (subpath) => manifest.name + subpath.slice(1);

export const vendorPackages = Object.keys(manifest.peerDependencies);

/** What a browser would load of some exports, dependencies aside: bundled and minified. */
export async function bundleOf(contents, options = {}) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    packages: 'external',
    ...options,
  });
  return outputFiles;
}

/** Prints what is wrong and ends the process, or prints that nothing is. */
export function report(problems, success) {
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exit(1);
  console.log(success);
}
