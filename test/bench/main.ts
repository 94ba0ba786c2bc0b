import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

/** Room for a whole batch, so that nothing is swept while its bytes are counted. */
const roomy = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256'];

/** Each part runs in a process of its own: what one leaves behind must not slow down the next. */
const parts: Readonly<Record<string, readonly string[]>> = {
  time: ['calls.ts', 'time'],
  allocation: [...roomy, 'calls.ts', 'allocation'],
  reading: ['reading.ts'],
  selection: ['selection.ts'],
  'in-flight': ['--expose-gc', 'in-flight.ts'],
  imports: ['imports.ts'],
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in parts));
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; known are ${Object.keys(parts).join(', ')}`);
  process.exit(2);
}

const packages = ['openai', '@anthropic-ai/sdk', '@google/genai', 'ollama'];
const versionOf = (name: string) => {
  const path = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return `${name} ${(JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version}`;
};
console.log(
  `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ` +
    `Node ${process.versions.node}, ${packages.map(versionOf).join(', ')}`,
);

let status = 0;
for (const name of asked.length > 0 ? asked : Object.keys(parts)) {
  if (name === 'imports') run('../../node_modules/tsup/dist/cli-default.js', ['--silent']);
  const part = parts[name] as readonly string[];
  const at = part.findIndex((one) => one.endsWith('.ts'));
  const flags = ['--conditions=failsoft-source', ...part.slice(0, at)];
  run(part[at] as string, part.slice(at + 1), flags);
}
process.exit(status);

function run(script: string, given: readonly string[], flags: readonly string[] = []): void {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const done = spawnSync(process.execPath, [...flags, path, ...given], {
    stdio: 'inherit',
    cwd: fileURLToPath(new URL('../../', import.meta.url)),
  });
  status ||= done.status ?? 1;
}
