import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from './pages.ts';

/** A field of an interface, as its author described it. */
export interface Member {
  readonly name: string;
  readonly isOptional: boolean;
  /** Whether it may be a number. */
  readonly isNumber: boolean;
  /** What stands after `@default` in its docstring. */
  readonly default: string | undefined;
}

function parse(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.Latest, true);
}

/** The fields that an interface itself names. */
export function membersOf(path: string, name: string): Member[] {
  const file = parse(path);
  const found = file.statements.find(
    (statement): statement is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(statement) && statement.name.text === name,
  );
  if (!found) throw new Error(`${path} has no interface ${name}`);
  return found.members.map((member) => memberOf(member, file));
}

/** The members of a union of `Base & { type: '…', … }`, by the value of `type`. */
export function variantsOf(path: string, name: string): Map<string, Member[]> {
  const file = parse(path);
  const literals: ts.TypeLiteralNode[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTypeLiteralNode(node) && node.members.some((member) => member.name?.getText(file) === 'type')) {
      literals.push(node);
    } else node.forEachChild(visit);
  };
  const alias = file.statements.find(
    (statement) => ts.isTypeAliasDeclaration(statement) && statement.name.text === name,
  );
  if (!alias) throw new Error(`${path} has no type ${name}`);
  visit(alias);
  return new Map(literals.map((literal) => variantOf(literal, file)));
}

function variantOf(literal: ts.TypeLiteralNode, file: ts.SourceFile): [string, Member[]] {
  const tag = literal.members.find((member) => member.name?.getText(file) === 'type') as ts.PropertySignature;
  const others = literal.members.filter((member) => member !== tag).map((member) => memberOf(member, file));
  return [(tag.type?.getText(file) ?? '').replaceAll("'", ''), others];
}

function memberOf(member: ts.TypeElement, file: ts.SourceFile): Member {
  const comments = ts.getLeadingCommentRanges(file.text, member.pos) ?? [];
  const text = comments.map(({ pos, end }) => file.text.slice(pos, end)).join('\n');
  const stated = /@default ([^\n]*?)\s*(?:\*\/|\n|$)/.exec(text)?.[1];
  return {
    name: member.name?.getText(file) ?? '',
    isOptional: member.questionToken !== undefined,
    isNumber: ts.isPropertySignature(member) && /\bnumber\b/.test(member.type?.getText(file) ?? ''),
    default: stated,
  };
}

/** One exported name. */
export interface Exported {
  readonly name: string;
  readonly isValue: boolean;
  readonly documentation: string;
}

/** Everything that the modules export, by path. */
export function exportsOf(paths: readonly string[]): Map<string, Exported[]> {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: unknown;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const program = ts.createProgram(
    paths.map((path) => join(root, path)),
    options,
  );
  const checker = program.getTypeChecker();
  return new Map(
    paths.map((path) => {
      const file = program.getSourceFile(join(root, path)) as ts.SourceFile;
      const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(file) as ts.Symbol);
      return [path, symbols.map((symbol) => exportedOf(symbol, checker))];
    }),
  );
}

function exportedOf(symbol: ts.Symbol, checker: ts.TypeChecker): Exported {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  return {
    name: symbol.name,
    isValue: (target.flags & ts.SymbolFlags.Value) !== 0,
    documentation: ts.displayPartsToString(target.getDocumentationComment(checker)),
  };
}
