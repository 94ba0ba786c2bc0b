/**
 * Every ```ts block of README.md and docs/ compiles as a module of its own, and every relative link leads somewhere.
 * What is not meant to compile is marked ```text.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { report, root } from './project.mjs';

const pages = ['README.md', 'CHANGELOG.md', ...pagesUnder('docs')].filter((path) =>
  existsSync(join(root, path)),
);
const problems = [];
const blocks = pages.flatMap(blocksOf);

if (blocks.length > 0) compile();
for (const page of pages) checkLinks(page);
report(problems, `${pages.length} pages, ${blocks.length} blocks of code`);

function pagesUnder(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join(folder, path));
}

/** A block keeps the line numbers of its page, so that what the compiler says points at the page. */
function blocksOf(page) {
  const found = [];
  let open;
  for (const [index, line] of linesOf(page).entries()) {
    const fence = /^(\s*)(`{3,}|~{3,})\s*(\S*)/.exec(line);
    if (open === undefined && fence !== null) {
      open = { page, line: index + 1, indent: fence[1].length, fence: fence[2], tag: fence[3], code: [] };
    } else if (open !== undefined && line.trim() === open.fence) {
      if (open.tag === 'ts' || open.tag === 'typescript') found.push(open);
      open = undefined;
    } else if (open !== undefined) {
      open.code.push(line.slice(Math.min(open.indent, line.length - line.trimStart().length)));
    }
  }
  return found;
}

function compile() {
  mkdirSync(join(root, '.tmp'), { recursive: true });
  const folder = mkdtempSync(join(root, '.tmp', 'docs-'));
  try {
    const pageOf = new Map();
    for (const block of blocks) {
      const name = `${block.page.replaceAll(/[^a-zA-Z0-9]+/g, '-')}-${block.line}.ts`;
      pageOf.set(name, block.page);
      writeFileSync(join(folder, name), '\n'.repeat(block.line) + block.code.join('\n') + '\nexport {};\n');
    }
    const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false };
    const config = { extends: '../../tsconfig.json', compilerOptions, include: ['./*.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const { status, stdout } = spawnSync('tsc', ['-p', folder, '--pretty', 'false'], {
      cwd: root,
      encoding: 'utf8',
    });
    const told = stdout
      .replaceAll(/^\S*?([^/\\\s]+\.ts)(?=\()/gm, (path, name) => pageOf.get(name) ?? path)
      .trim();
    if (status !== 0) problems.push(told);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function checkLinks(page) {
  const prose = readFileSync(join(root, page), 'utf8')
    .replaceAll(/^(\s*)(`{3,}|~{3,})[\s\S]*?^\s*\2\s*$/gm, '')
    .replaceAll(/`[^`\n]*`/g, '');
  for (const [, target] of prose.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)) {
    if (/^[a-z][a-z+.-]*:/i.test(target)) continue;
    const [path, anchor] = target.split('#');
    const file = path === '' ? join(root, page) : join(root, dirname(page), decodeURI(path));
    if (!existsSync(file)) problems.push(`${page}: the link ${target} leads nowhere`);
    else if (anchor && file.endsWith('.md') && !anchorsOf(file).has(anchor.toLowerCase()))
      problems.push(`${page}: ${relative(root, file)} has no heading #${anchor}`);
  }
}

function anchorsOf(file) {
  const seen = new Map();
  const anchors = new Set();
  for (const [, heading] of readFileSync(file, 'utf8').matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = plain.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(/\s/g, '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    anchors.add(times === 0 ? slug : `${slug}-${times}`);
  }
  return anchors;
}

function linesOf(page) {
  return readFileSync(join(root, page), 'utf8').split(/\r?\n/);
}
