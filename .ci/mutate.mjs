/**
 * `npm run mutate [-- files]`: Stryker over health, routing and execution, or over the files that are named. It ends with 1 below the
 * threshold. What is known of unchanged code is kept in .tmp/stryker, so that a second run is quicker.
 */
import { spawnSync } from 'node:child_process';
import { root } from './project.mjs';

const files = process.argv.slice(2);
const mutate = files.length > 0 ? ['--mutate', files.join(',')] : [];
const { status } = spawnSync('stryker', ['run', '.ci/mutation/stryker.config.mjs', ...mutate], {
  cwd: root,
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
process.exitCode = status ?? 1;
