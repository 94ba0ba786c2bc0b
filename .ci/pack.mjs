/** Packs what was just built, once, into the file named by the first argument. */
import { execFileSync } from 'node:child_process';
import { existsSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './project.mjs';

// Without it the package would install, and hold nothing that can be imported.
if (!existsSync(join(root, 'dist/index.js'))) throw new Error('there is no dist: run `npm run build` first');

const tarball = process.argv[2];
const args = [
  'pack',
  '--json',
  '--ignore-scripts',
  '--loglevel=error',
  '--pack-destination',
  dirname(tarball),
];
const answer = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' }));
// An array until npm 11, an object by package name since 12.
const { filename, entryCount, size } = Object.values(answer)[0];
renameSync(join(dirname(tarball), filename), tarball);
console.log(`${filename}: ${entryCount} files, ${(size / 1000).toFixed(0)} kB`);
