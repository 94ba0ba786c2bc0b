import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const script = fileURLToPath(new URL('./kept-replies.ts', import.meta.url));

it.each([
  ['anthropic', 'broke-off'],
  ['anthropic', 'stopped'],
  ['openai', 'broke-off'],
  ['openai', 'stopped'],
])('nothing of a reply is kept once its call is over: %s, %s', async (vendor, end) => {
  const node = ['--expose-gc', '--conditions=failsoft-source', '--disable-warning=ExperimentalWarning'];
  const { stdout } = await promisify(execFile)(process.execPath, [...node, script, vendor, end]);
  expect(stdout.trim()).toBe('10 replies, 0 kept');
});
