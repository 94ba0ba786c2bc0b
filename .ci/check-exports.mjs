/**
 * What package.json promises is what the build made, and nothing else was made: every file behind an entry point is
 * there, every built file is reachable, no published type imports a vendor SDK, and `createRouter` alone carries
 * neither a vendor nor Node.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleOf, entryPoints, manifest, report, root, vendorPackages } from './project.mjs';

const problems = [];
const promised = new Set(Object.values(manifest.bin));

for (const [subpath, target] of entryPoints) {
  const { 'failsoft-source': source, import: esm, require: cjs } = target;
  for (const path of [source, esm.types, esm.default, cjs.types, cjs.default]) {
    promised.add(path);
    if (!existsSync(join(root, path)))
      problems.push(`exports["${subpath}"] names ${path}, which is not there`);
  }
}

for (const path of promised) {
  if (!existsSync(join(root, path))) problems.push(`package.json promises ${path}, which is not there`);
}

const built = readdirSync(join(root, 'dist')).filter((name) => /\.(js|cjs|d\.ts|d\.cts)$/.test(name));
const contents = new Map(built.map((name) => [name, readFileSync(join(root, 'dist', name), 'utf8')]));
for (const name of built) {
  // A chunk is shared code that some other built file imports.
  const isImported = [...contents].some(([other, text]) => other !== name && mentions(text, name));
  if (!promised.has(`./dist/${name}`) && !isImported)
    problems.push(`dist/${name} was built, and no entry point leads to it`);
}

for (const [name, text] of contents) {
  if (!/\.d\.c?ts$/.test(name)) continue;
  for (const sdk of vendorPackages) {
    // A docstring may name it.
    if (new RegExp(`(from|import\\(?|require\\()\\s*['"]${sdk}['"/]`).test(text))
      problems.push(`dist/${name} imports ${sdk}`);
  }
}

const [alone] = await bundleOf(`export { createRouter } from './dist/index.js'`, { external: ['node:*'] });
const words = /openai|anthropic|claude|gemini|ollama|node:/i.exec(alone.text);
if (words !== null) {
  const { text } = alone;
  const around = text.slice(Math.max(0, words.index - 60), words.index + 60);
  problems.push(`createRouter alone contains "${words[0]}": …${around}…`);
}

report(problems, `${entryPoints.length} entry points, ${built.length} files`);

function mentions(text, name) {
  const stem = name.replace(/\.d\.(c?)ts$/, '.$1js');
  return text.includes(`./${name}`) || text.includes(`./${stem}`);
}
