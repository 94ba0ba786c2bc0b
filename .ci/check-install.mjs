/**
 * The packed file, as a user meets it: installed into an empty project, imported and required, asked for an answer, its
 * command run, and compiled by TypeScript with `skipLibCheck` off; without any SDK, then beside each supported SDK alone, at the
 * newest and the oldest major.
 */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { entryPoints, report, root, specifierOf } from './project.mjs';

const tarball = process.argv[2];
const specifiers = entryPoints.map(([subpath]) => specifierOf(subpath));
const problems = [];

const SDKS = [
  {
    sdk: 'openai',
    folders: ['openai', 'openai-6'],
    use: useOf('openai', 'OpenAI', `{ apiKey: 'x' }`, 'openai'),
  },
  {
    sdk: 'openai',
    folders: ['openai', 'openai-6'],
    use: `import { AzureOpenAI } from 'openai';
import { openai } from 'failsoft/openai';
export const provider = openai({ client: new AzureOpenAI({ apiKey: 'x', apiVersion: 'x', endpoint: 'https://a.example' }) });
`,
  },
  {
    sdk: '@anthropic-ai/sdk',
    folders: ['@anthropic-ai/sdk', 'anthropic-sdk-0'],
    use: useOf('@anthropic-ai/sdk', 'Anthropic', `{ apiKey: 'x' }`, 'anthropic'),
  },
  {
    sdk: '@anthropic-ai/bedrock-sdk',
    folders: ['@anthropic-ai/bedrock-sdk'],
    use: useOf('@anthropic-ai/bedrock-sdk', '{ AnthropicBedrock }', `{}`, 'anthropic'),
  },
  {
    sdk: '@anthropic-ai/vertex-sdk',
    folders: ['@anthropic-ai/vertex-sdk'],
    use: useOf('@anthropic-ai/vertex-sdk', '{ AnthropicVertex }', `{}`, 'anthropic'),
  },
  {
    sdk: '@google/genai',
    folders: ['@google/genai', 'google-genai-2'],
    use: useOf('@google/genai', '{ GoogleGenAI }', `{ apiKey: 'x' }`, 'google'),
  },
  {
    sdk: '@google/generative-ai',
    folders: ['@google/generative-ai', 'google-generative-ai-0.24.0'],
    use: useOf('@google/generative-ai', '{ GoogleGenerativeAI }', `'x'`, 'google'),
  },
  {
    sdk: 'ollama',
    folders: ['ollama', 'ollama-0.6.0'],
    use: useOf('ollama', '{ Ollama }', `{ host: 'x' }`, 'ollama'),
  },
];

const WEB = ['ES2023', 'ESNext.Disposable', 'DOM'];
const AT_ONCE = 2;

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'failsoft-install-')));
try {
  const bare = join(scratch, 'bare');
  install(bare);
  const waiting = SDKS.flatMap(({ sdk, folders, use }) => folders.map((folder) => ({ sdk, folder, use })));
  const checks = waiting.map((one) => () => compileBeside(copyOf(bare), one));
  checks.unshift(() => compileEverything(copyOf(bare)));
  runEverything(bare);
  runCommand(bare);
  await Promise.all(Array.from({ length: AT_ONCE }, () => work(checks)));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const clients = SDKS.reduce((sum, { folders }) => sum + folders.length, 0);
report(problems, `${specifiers.length} entry points, compiled beside ${clients} clients`);

async function work(checks) {
  for (let check = checks.shift(); check !== undefined; check = checks.shift()) await check();
}

function copyOf(bare) {
  const copy = mkdtempSync(join(scratch, 'copy-'));
  cpSync(bare, copy, { recursive: true });
  return copy;
}

function install(project) {
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--prefer-offline', '--ignore-scripts', '--loglevel=error', tarball];
  execFileSync('npm', args, { cwd: project, stdio: ['ignore', 'inherit', 'inherit'] });
}

function runEverything(project) {
  const names = JSON.stringify(specifiers);
  const ask = `
    const provider = { name: 'own', async *stream() {
      yield { type: 'text', text: 'hello' };
      yield { type: 'finish', finishReason: 'stop' };
    } };
    const router = createRouter({ models: { chat: [{ provider, model: 'm' }] } });
    const reply = await router.complete({ model: 'chat', messages: [{ role: 'user', content: 'hi' }] });
    if (reply.text !== 'hello') throw new Error('expected "hello", got ' + JSON.stringify(reply.text));
    await router.close();`;
  run(project, 'run.mjs', `import { createRouter } from 'failsoft';${ask}`);
  run(project, 'run.cjs', `const { createRouter } = require('failsoft');\n(async () => {${ask}\n})();`);
  run(
    project,
    'compare.mjs',
    `import { createRequire } from 'node:module';
    const require = createRequire(import.meta.url);
    require('failsoft/package.json');
    for (const name of ${names}) {
      const esm = Object.keys(await import(name)).filter((key) => key !== 'default').sort().join();
      const cjs = Object.keys(require(name)).filter((key) => key !== '__esModule').sort().join();
      if (esm !== cjs) throw new Error(name + ': import gives ' + esm + ', require gives ' + cjs);
    }`,
  );
}

function run(project, name, code) {
  writeFileSync(join(project, name), code);
  const { status, stdout, stderr } = spawnSync(process.execPath, [name], {
    cwd: project,
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (status !== 0)
    problems.push(`${name} in a project without any SDK ended with ${status}\n${stdout}${stderr}`);
}

/** As `npx failsoft` finds it: its own providers stand in for those of the host, which is a module of this project. */
function runCommand(project) {
  writeFileSync(
    join(project, 'router.mjs'),
    `const provider = { name: 'own', stream() { throw new Error('a real provider was asked'); } };
    export default { models: { chat: [{ id: 'one', provider, model: 'm' }, { id: 'two', provider, model: 'n' }] } };`,
  );
  const args = 'simulate S8 --seeds 1 --rate 2 --config router.mjs --html report.html'.split(' ');
  const { status, stdout, stderr } = spawnSync('npx', ['--no-install', 'failsoft', ...args], {
    cwd: project,
    encoding: 'utf8',
    timeout: 120_000,
  });
  if (status !== 0 || !existsSync(join(project, 'report.html')))
    problems.push(`npx failsoft ${args.join(' ')} ended with ${status}\n${stdout}${stderr}`);
}

function compileEverything(project) {
  const lines = specifiers.map((name, index) => `import * as m${index} from '${name}';\nvoid m${index};\n`);
  const files = { 'all.mts': lines.join(''), 'all.cts': lines.join('') };
  return compile(project, files, { lib: WEB, types: [] }, 'no SDK');
}

/** The SDK is linked from here, so that installing each of them again costs nothing. */
function compileBeside(project, { sdk, folder, use }) {
  link(project, sdk, folder);
  link(project, '@types/node', '@types/node');
  return compile(project, { 'use.mts': use }, { lib: WEB, types: ['node'] }, folder);
}

function link(project, as, folder) {
  const path = join(project, 'node_modules', as);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(join(root, 'node_modules', folder), path);
}

/** Errors inside an SDK's own declarations are that SDK's; any other ends the check. */
async function compile(project, files, { lib, types }, beside) {
  for (const [name, code] of Object.entries(files)) writeFileSync(join(project, name), code);
  const compilerOptions = {
    target: 'ES2023',
    module: 'NodeNext',
    lib,
    types,
    strict: true,
    skipLibCheck: false,
    noEmit: true,
  };
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: Object.keys(files) }),
  );
  const { failed, stdout } = await tsc(project);
  const errors = stdout.split('\n').filter((line) => /error TS/.test(line));
  const ours = errors.filter((line) => !/^\.\./.test(line));
  if (failed && errors.length === 0) ours.push(stdout || 'tsc could not be started');
  const more = errors.length - ours.length;
  if (ours.length > 0) problems.push(`compiling beside ${beside}:\n${ours.join('\n')}`);
  if (more > 0) console.log(`  beside ${beside}: ${more} errors in declarations that are not ours`);
}

function tsc(project) {
  return new Promise((done) => {
    execFile('tsc', ['-p', project, '--pretty', 'false'], { cwd: project }, (error, stdout) =>
      done({ failed: error !== null, stdout }),
    );
  });
}

function useOf(sdk, imported, settings, factory) {
  const name = imported.replaceAll(/[{}\s]/g, '');
  return `import ${imported} from '${sdk}';
import { ${factory} } from 'failsoft/${factory}';
import { createRouter } from 'failsoft';
const provider = ${factory}({ client: new ${name}(${settings}) });
export const router = createRouter({ models: { chat: [{ provider, model: 'm' }] } });
`;
}
