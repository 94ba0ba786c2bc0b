import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { spreadOf } from './measure.ts';
import { printHead, printRow } from './print.ts';

const root = new URL('../../', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  name: string;
  exports: Record<string, unknown>;
};
const entryPoints = Object.entries(manifest.exports)
  .filter(([, target]) => typeof target === 'object')
  .map(([subpath]) => manifest.name + subpath.slice(1));

/** Imports one entry point in a process of its own, as a host does; without `failsoft-source`, so it is the build. */
function importOnce(specifier: string): { readonly ms: number; readonly kib: number } {
  const script = `
    gc(); const before = process.memoryUsage().heapUsed; const startedAt = performance.now();
    await import(${JSON.stringify(specifier)});
    const ms = performance.now() - startedAt; gc();
    console.log(JSON.stringify({ ms, kib: (process.memoryUsage().heapUsed - before) / 1024 }));`;
  const options = ['--expose-gc', '--input-type=module', '--eval', script];
  return JSON.parse(execFileSync(process.execPath, options, { cwd: root, encoding: 'utf8' })) as {
    ms: number;
    kib: number;
  };
}

printHead('Importing', 'Entry point', 'time (middle half)', 'heap');
for (const specifier of entryPoints) {
  const samples = Array.from({ length: 15 }, () => importOnce(specifier));
  const ms = spreadOf(samples.map((sample) => sample.ms));
  const kib = spreadOf(samples.map((sample) => sample.kib));
  printRow(
    `\`${specifier}\``,
    `${ms.median.toFixed(0)} ms (${ms.from.toFixed(0)}–${ms.to.toFixed(0)})`,
    `${kib.median.toFixed(0)} KiB`,
  );
}
