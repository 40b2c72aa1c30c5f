/** Finds where code reaches for the clock, chance, timers, the process or the network, instead of taking them as arguments. */
import ts from 'typescript'

/** Globals that are a door to the world; a property of the same name (`context.process`) is not meant. */
const FORBIDDEN_GLOBALS = new Set([
  ...['process', 'globalThis', 'global', 'console', 'performance', 'crypto', 'fetch', 'WebSocket', 'require'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'queueMicrotask'],
])
const FORBIDDEN_MEMBERS = new Set(['Date.now', 'Math.random', 'import.meta'])

/** One line, `path:line what`, for each impurity in the text of a file. */
export function findImpurities(path: string, text: string): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    const impurity = nameImpurity(node)
    if (impurity) found.push(`${path}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${impurity}`)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

function nameImpurity(node: ts.Node): string | undefined {
  // `new Date(milliseconds)` only converts; without arguments it reads the clock, and so does a bare call.
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length) return 'new Date()'
  if (ts.isCallExpression(node) && node.expression.getText() === 'Date') return 'Date()'
  // A format with a locale and options names its zone; one without asks the machine for both.
  const isFormat = ts.isNewExpression(node) && node.expression.getText() === 'Intl.DateTimeFormat'
  if (isFormat && !node.arguments?.[1]?.getText().includes('timeZone')) return 'Intl.DateTimeFormat without timeZone'
  if (ts.isPropertyAccessExpression(node) || ts.isMetaProperty(node)) {
    const name = node.getText()
    return FORBIDDEN_MEMBERS.has(name) ? name : undefined
  }
  return ts.isIdentifier(node) && FORBIDDEN_GLOBALS.has(node.text) && isGlobalUse(node) ? node.text : undefined
}

/** Whether the identifier is read as a variable: not a member, a key, a type, nor the name of something declared here. */
function isGlobalUse(node: ts.Identifier): boolean {
  const parent = node.parent
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node
  if (ts.isShorthandPropertyAssignment(parent)) return true
  if (ts.isImportSpecifier(parent) || ts.isTypeReferenceNode(parent) || ts.isQualifiedName(parent)) return false
  return !('name' in parent && parent.name === node)
}
