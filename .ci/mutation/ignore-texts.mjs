const textKeys = new Set(['message', 'reason']);
const texts = new Set(['StringLiteral', 'TemplateLiteral']);

/** Texts for operators: `message: '…'`, `reason: '…'`, and what an error is made with. */
function shouldIgnore({ node, parent }) {
  if (!texts.has(node.type)) return undefined;
  const isText = parent?.type === 'ObjectProperty' && textKeys.has(parent.key.name);
  const isError = parent?.type === 'NewExpression' && /Error$/.test(parent.callee.name ?? '');
  return isText || isError ? 'a text for operators' : undefined;
}

/** Stryker finds it by this name. */
export const strykerPlugins = [{ kind: 'Ignore', name: 'texts', value: { shouldIgnore } }];
