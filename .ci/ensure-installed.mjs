/**
 * Makes a clean clone ready: runs `npm ci` when what is installed is not what the lock file names, and does nothing
 * otherwise. Plain JavaScript without dependencies, because it is what runs before anything is there, on whatever
 * Node the machine has. The project brings its own Node among its dev dependencies; see `node` in package.json.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);

const reason = whyInstall();
if (reason !== undefined) {
  process.stderr.write(`failsoft: ${reason}; running npm ci\n`);
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: fileURLToPath(root),
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (npm.status !== 0) process.exit(npm.status ?? 1);
}

function whyInstall() {
  const wanted = packagesIn('package-lock.json');
  const installed = packagesIn('node_modules/.package-lock.json');
  if (installed === undefined) return 'nothing is installed yet';
  for (const [path, entry] of Object.entries(wanted ?? {})) {
    if (path === '' || mayBeAbsent(entry)) continue;
    const found = installed[path]?.version;
    if (found !== entry.version)
      return `${path} is ${found ?? 'absent'}, the lock file names ${entry.version}`;
  }
  return ownNodeRuns() ? undefined : 'the Node among the dev dependencies does not run';
}

/** Packages for other platforms, and peers that nobody asked for, are in the lock file and not on the disk. */
function mayBeAbsent(entry) {
  return entry.optional === true || entry.devOptional === true || entry.peer === true || entry.link === true;
}

function ownNodeRuns() {
  const bin = fileURLToPath(new URL('node_modules/node/bin/node', root));
  return process.platform === 'win32' || spawnSync(bin, ['--version']).status === 0;
}

function packagesIn(path) {
  const url = new URL(path, root);
  return existsSync(url) ? JSON.parse(readFileSync(url, 'utf8')).packages : undefined;
}
