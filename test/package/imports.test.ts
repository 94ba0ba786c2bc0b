import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

/**
 * Imports run one way:
 * `core ← providers | health | stores ← routing ← execution ← router ← index ← integrations`.
 * A room may import itself and the rooms named here. Files at the top of src are the room `router`, but for index.ts.
 */
const mayImport: Record<string, readonly string[]> = {
  core: [],
  providers: ['core'],
  health: ['core'],
  stores: ['core'],
  routing: ['core', 'providers', 'health', 'stores'],
  execution: ['core', 'providers', 'health', 'stores', 'routing'],
  router: ['core', 'providers', 'health', 'stores', 'routing', 'execution'],
  index: ['core', 'providers', 'health', 'stores', 'routing', 'execution', 'router'],
  integrations: ['core', 'providers', 'health', 'stores', 'routing', 'execution', 'router', 'index'],
  testing: ['core', 'providers'],
  // What it takes of the rest it takes as a host does: `failsoft`, `failsoft/testing`.
  cli: ['core'],
};

/** The rooms that run in Node only. */
const inNode = ['testing', 'cli'];

/** Rooms that see of providers only the interface, never what one vendor needs. */
const seeOnlyTheInterface = ['execution', 'testing'];
const providerInterface = ['providers/provider.ts', 'providers/failure.ts', 'providers/sink.ts'];

const sdksOf: Record<string, readonly string[]> = {
  openai: ['openai'],
  anthropic: ['@anthropic-ai/sdk', '@anthropic-ai/bedrock-sdk', '@anthropic-ai/vertex-sdk'],
  google: ['@google/genai', '@google/generative-ai'],
  ollama: ['ollama'],
};
const everySdk = Object.values(sdksOf).flat();

interface Import {
  /** The importing file, relative to src, with forward slashes. */
  from: string;
  specifier: string;
  /** The imported file, relative to src, where the import is a relative one. */
  to: string | undefined;
  how: 'value' | 'type' | 'dynamic';
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const src = join(root, 'src');
const imports = sourceFiles().flatMap(importsOf);
const inside = imports.filter((one) => one.to !== undefined);
const packages = imports.filter((one) => one.to === undefined);

describe('imports', () => {
  it('are found at all', () => {
    expect(inside.length).toBeGreaterThan(0);
  });

  it('stay inside src, or name a package', () => {
    expect(inside.filter((one) => one.to?.startsWith('..')).map(told)).toEqual([]);
  });

  it('run one way through the rooms', () => {
    expect(inside.filter((one) => !isAllowed(roomOf(one.from), roomOf(one.to!))).map(told)).toEqual([]);
  });

  it('know every room', () => {
    const unknown = imports.map((one) => roomOf(one.from)).filter((room) => !(room in mayImport));
    expect([...new Set(unknown)]).toEqual([]);
  });

  it('show execution and testing only the interface of providers', () => {
    const wrong = inside
      .filter((one) => seeOnlyTheInterface.includes(roomOf(one.from)))
      .filter((one) => roomOf(one.to!) === 'providers' && !providerInterface.includes(one.to!));
    expect(wrong.map(told)).toEqual([]);
  });

  it('reach into the folder of a vendor only from that folder', () => {
    const wrong = inside.filter(
      (one) => vendorOf(one.to!) !== undefined && vendorOf(one.to!) !== vendorOf(one.from),
    );
    expect(wrong.map(told)).toEqual([]);
  });

  it('bring no node: module outside testing and cli', () => {
    const wrong = packages.filter(
      (one) => one.specifier.startsWith('node:') && !inNode.includes(roomOf(one.from)),
    );
    expect(wrong.map(told)).toEqual([]);
  });

  it('never load a vendor SDK statically', () => {
    const wrong = packages.filter(
      (one) => one.how === 'value' && everySdk.includes(packageOf(one.specifier)),
    );
    expect(wrong.map(told)).toEqual([]);
  });

  it('load a vendor SDK on demand only in the folder of that vendor', () => {
    const wrong = packages
      .filter((one) => one.how === 'dynamic' && everySdk.includes(packageOf(one.specifier)))
      .filter((one) => !sdksOf[vendorOf(one.from) ?? '']?.includes(packageOf(one.specifier)));
    expect(wrong.map(told)).toEqual([]);
  });

  it('name only packages that package.json promises', () => {
    const { dependencies, peerDependencies } = JSON.parse(
      readFileSync(join(root, 'package.json'), 'utf8'),
    ) as Record<string, Record<string, string>>;
    const promised = Object.keys({ ...dependencies, ...peerDependencies });
    const wrong = packages
      .filter((one) => !one.specifier.startsWith('node:'))
      .filter((one) => !(roomOf(one.from) === 'cli' && packageOf(one.specifier) === 'failsoft'))
      .filter((one) => one.how !== 'type' && !promised.includes(packageOf(one.specifier)));
    expect(wrong.map(told)).toEqual([]);
  });
});

function isAllowed(from: string, to: string): boolean {
  return from === to || (mayImport[from]?.includes(to) ?? false);
}

function roomOf(path: string): string {
  if (path === 'index.ts') return 'index';
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : 'router';
}

function vendorOf(path: string): string | undefined {
  return /^providers\/([^/]+)\//.exec(path)?.[1];
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function told({ from, specifier, how }: Import): string {
  return `src/${from} imports ${specifier} (${how})`;
}

function sourceFiles(): string[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => path.split(sep).join('/'));
}

function importsOf(from: string): Import[] {
  const file = join(src, from);
  const tree = ts.createSourceFile(from, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, how: Import['how']): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const isRelative = specifier.text.startsWith('.');
    const to = isRelative ? relative(src, resolve(dirname(file), specifier.text)) : undefined;
    found.push({ from, specifier: specifier.text, to: to?.split(sep).join('/'), how });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeOnly(node) ? 'type' : 'value');
    if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly ? 'type' : 'value');
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, 'type');
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], 'dynamic');
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/** `import { type A } from 'x'` still loads x under `verbatimModuleSyntax`, so only `import type` counts. */
function isTypeOnly(node: ts.ImportDeclaration): boolean {
  return node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}
