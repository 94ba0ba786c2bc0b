/** Every file in examples/ runs to its end, without a key, two at a time. Folders below it are not for this. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { report, root } from './project.mjs';

const TIMEOUT_MS = 60_000;
const AT_ONCE = 2;

const folder = join(root, 'examples');
const waiting = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.ts')) : [];
const total = waiting.length;
const problems = [];
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/KEY|TOKEN|SECRET/i.test(name)),
);

await Promise.all(Array.from({ length: AT_ONCE }, worker));
report(problems, `${total} examples ran`);

async function worker() {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const problem = await run(name);
    if (problem !== undefined) problems.push(problem);
  }
}

function run(name) {
  const args = ['--conditions=failsoft-source', join('examples', name)];
  return new Promise((done) => {
    execFile(process.execPath, args, { cwd: root, env, timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      if (error === null) return done(undefined);
      const why = error.killed ? `did not end within ${TIMEOUT_MS / 1000} s` : `ended with ${error.code}`;
      done(`examples/${name} ${why}\n${stdout}${stderr}`);
    });
  });
}
