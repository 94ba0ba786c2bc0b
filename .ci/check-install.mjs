/**
 * The packed file, as a user meets it: installed into an empty project, imported and required, asked for an answer,
 * and compiled by TypeScript with `skipLibCheck` off; without any SDK, then beside each supported SDK alone, at the
 * newest and the oldest major.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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
    folders: ['@google/generative-ai'],
    use: useOf('@google/generative-ai', '{ GoogleGenerativeAI }', `'x'`, 'google'),
  },
  { sdk: 'ollama', folders: ['ollama'], use: useOf('ollama', '{ Ollama }', `{ host: 'x' }`, 'ollama') },
];

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'failsoft-install-')));
try {
  const bare = join(scratch, 'bare');
  install(bare);
  runEverything(bare);
  compileEverything(bare);
  for (const { sdk, folders, use } of SDKS) {
    for (const folder of folders) compileBeside(bare, sdk, folder, use);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
report(
  problems,
  `${specifiers.length} entry points, beside ${SDKS.flatMap(({ folders }) => folders).length} clients`,
);

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

function compileEverything(project) {
  const code = specifiers
    .map((name, index) => `import * as m${index} from '${name}';\nvoid m${index};\n`)
    .join('');
  compile(
    project,
    { 'all.mts': code, 'all.cts': code },
    { lib: ['ES2023', 'ESNext.Disposable', 'DOM'], types: [] },
  );
}

/** The SDK is linked from here, so that installing each of them again costs nothing. */
function compileBeside(bare, sdk, folder, use) {
  const project = join(scratch, `beside-${folder.replaceAll('/', '-')}-${SDKS.length}`);
  cpSync(bare, project, {
    recursive: true,
    filter: (path) =>
      !/\.(c|m)ts$|run\.|compare\./.test(path.slice(bare.length)) || path.includes('node_modules'),
  });
  link(project, sdk, folder);
  link(project, '@types/node', '@types/node');
  compile(
    project,
    { 'use.mts': use },
    { lib: ['ES2023', 'ESNext.Disposable', 'DOM'], types: ['node'] },
    folder,
  );
  rmSync(project, { recursive: true });
}

function link(project, as, folder) {
  const path = join(project, 'node_modules', as);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(join(root, 'node_modules', folder), path);
}

/** Errors inside an SDK's own declarations are that SDK's; any other ends the check. */
function compile(project, files, { lib, types }, beside = 'no SDK') {
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
  const { status, stdout } = spawnSync('tsc', ['-p', project, '--pretty', 'false'], {
    cwd: project,
    encoding: 'utf8',
  });
  if (status === 0) return;
  const errors = stdout.split('\n').filter((line) => /error TS/.test(line));
  const ours = errors.filter((line) => !/^\.\./.test(line));
  const more = errors.length - ours.length;
  if (ours.length > 0) problems.push(`compiling beside ${beside}:\n${ours.join('\n')}`);
  if (more > 0) console.log(`  beside ${beside}: ${more} errors in declarations that are not ours`);
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
