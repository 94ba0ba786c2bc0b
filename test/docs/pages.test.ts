import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allPages, namesUnder, root, textOf } from './pages.ts';
import { exportsOf } from './source.ts';

const entryPoints = {
  failsoft: 'src/index.ts',
  'failsoft/openai': 'src/providers/openai/index.ts',
  'failsoft/anthropic': 'src/providers/anthropic/index.ts',
  'failsoft/google': 'src/providers/google/index.ts',
  'failsoft/ollama': 'src/providers/ollama/index.ts',
  'failsoft/testing': 'src/testing/index.ts',
};
const exported = exportsOf(Object.values(entryPoints));

describe.each(Object.entries(entryPoints))('%s', (entryPoint, path) => {
  const names = exported.get(path) ?? [];

  it('has every exported name on the page of names, and no other', () => {
    expect(namesUnder('docs/api.md', entryPoint).sort()).toEqual(names.map(({ name }) => name).sort());
  });

  it('has a docstring on every export', () => {
    expect(names.filter(({ documentation }) => documentation === '').map(({ name }) => name)).toEqual([]);
  });
});

describe('the README', () => {
  it('is short enough to be read', () => {
    expect(textOf('README.md').split('\n').length).toBeLessThanOrEqual(300);
  });

  it('links to every page of the documentation, itself or by the index', () => {
    const linked = textOf('README.md') + textOf('docs/README.md').replaceAll('](', '](docs/');
    const pages = allPages().filter((page) => page.startsWith('docs') && page !== join('docs', 'README.md'));
    expect(pages.filter((page) => !linked.includes(`](${page.replaceAll('\\', '/')}`))).toEqual([]);
  });

  it('names every optional peer', () => {
    const { peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      peerDependencies: Record<string, string>;
    };
    const readme = textOf('README.md');
    expect(Object.keys(peerDependencies).filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });

  it('names commands that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = [...textOf('README.md').matchAll(/`npm (?:run )?([a-z]+)`/g)].map(
      ([, name]) => name as string,
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

describe('every page', () => {
  it.each(allPages())('%s names no path of a machine', (page) => {
    expect(textOf(page)).not.toMatch(/(^|[\s`("])\/(home|Users|work|tmp|root)\//m);
  });
});
