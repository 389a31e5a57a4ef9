import { parseSync, visitorKeys } from 'oxc-parser';

/** One fault in a file: the text that replaces what is from `start` to `end` in it. */
export interface Mutation {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Counts from 1. */
  readonly line: number;
  /** What changes, on one line. */
  readonly change: string;
}

/** A mutation of a file, which is a path from the root of the project. */
export interface Mutant {
  readonly file: string;
  readonly mutation: Mutation;
}

/** What a rule reads of a node of the syntax tree (ESTree). */
interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

type Replacement = readonly [node: SyntaxNode, text: string];
type Rule = (node: SyntaxNode, textOf: (node: SyntaxNode) => string) => readonly Replacement[];

const otherOperators: Readonly<Record<string, readonly string[]>> = {
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '&&': ['||'],
  '||': ['&&'],
};

const otherMethods: Readonly<Record<string, string>> = {
  some: 'every',
  every: 'some',
  min: 'max',
  max: 'min',
};

/** Methods whose result is of the kind of their object, which can therefore replace it. */
const omittedMethods = ['filter', 'toLowerCase', 'trim', 'toSorted', 'reverse'];

const rules: Readonly<Record<string, Rule>> = {
  BinaryExpression: otherOperator,
  LogicalExpression: (node, textOf) =>
    node.operator === '??' ? [[node, textOf(child(node, 'left'))]] : otherOperator(node, textOf),
  IfStatement: eitherWay,
  ConditionalExpression: eitherWay,
  // An endless loop says little of the tests, so loops are only skipped.
  WhileStatement: (node) => [[child(node, 'test'), 'false']],
  UnaryExpression: (node, textOf) =>
    node.operator === '!' ? [[node, textOf(child(node, 'argument'))]] : [],
  UpdateExpression: (node, textOf) => {
    const operand = textOf(child(node, 'argument'));
    return [[node, node.operator === '++' ? `${operand}--` : `${operand}++`]];
  },
  AssignmentExpression: (node, textOf) => {
    const other = { '+=': '-=', '-=': '+=' }[String(node.operator)];
    if (other === undefined) return [];
    return [[node, `${textOf(child(node, 'left'))} ${other} ${textOf(child(node, 'right'))}`]];
  },
  Literal: (node) => (typeof node.value === 'boolean' ? [[node, String(!node.value)]] : []),
  ThrowStatement: (node) => [[node, ';']],
  ExpressionStatement: (node) =>
    isSuperCall(child(node, 'expression')) || typeof node.directive === 'string'
      ? []
      : [[node, ';']],
  CallExpression: (node, textOf) => {
    const callee = child(node, 'callee');
    if (callee.type !== 'MemberExpression' || callee.computed === true) return [];
    const property = child(callee, 'property');
    const name = textOf(property);
    if (omittedMethods.includes(name)) return [[node, textOf(child(callee, 'object'))]];
    const other = Object.hasOwn(otherMethods, name) ? otherMethods[name] : undefined;
    return other === undefined ? [] : [[property, other]];
  },
};

/** The mutations of one TypeScript file, in the order of its text. */
export function mutationsOf(file: string, source: string): Mutation[] {
  const textOf = (node: SyntaxNode) => source.slice(node.start, node.end);
  const found: Mutation[] = [];
  const visit = (node: SyntaxNode) => {
    for (const [{ start, end }, text] of rules[node.type]?.(node, textOf) ?? []) {
      const line = source.slice(0, start).split('\n').length;
      const change = `${shortened(source.slice(start, end))} -> ${shortened(text)}`;
      const mutated = source.slice(0, start) + text + source.slice(end);
      if (parses(file, mutated)) found.push({ start, end, text, line, change });
    }
    for (const next of children(node)) visit(next);
  };
  visit(parseSync(file, source).program as unknown as SyntaxNode);
  return found.sort((a, b) => a.start - b.start);
}

function otherOperator(node: SyntaxNode, textOf: (node: SyntaxNode) => string): Replacement[] {
  const [left, right] = [textOf(child(node, 'left')), textOf(child(node, 'right'))];
  return (otherOperators[String(node.operator)] ?? []).map((other) => [
    node,
    // Mixing || with && without parentheses changes more than the operator.
    `(${left}) ${other} (${right})`,
  ]);
}

function eitherWay(node: SyntaxNode): Replacement[] {
  return ['true', 'false'].map((text) => [child(node, 'test'), text]);
}

function isSuperCall(node: SyntaxNode): boolean {
  return node.type === 'CallExpression' && child(node, 'callee').type === 'Super';
}

function child(node: SyntaxNode, field: string): SyntaxNode {
  return node[field] as SyntaxNode;
}

/** The nodes directly below a node; none of types, which do not run. */
function children(node: SyntaxNode): SyntaxNode[] {
  return (visitorKeys[node.type] ?? [])
    .flatMap((field) => node[field] as SyntaxNode | null | (SyntaxNode | null)[])
    .filter((next): next is SyntaxNode => next !== null && next !== undefined)
    .filter(({ type }) => !type.startsWith('TS') || type.endsWith('Expression'));
}

function parses(file: string, text: string): boolean {
  return parseSync(file, text).errors.length === 0;
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
