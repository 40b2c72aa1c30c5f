/** How a camelCase name of the declaration is spelt where another custom rules. */

/** `publishedAt` → `published_at`: REST, SQL and proto. */
export function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** `orderLine` → `order-line`: path segments. */
export function toKebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** `orderLine` → `OrderLine`: type names. */
export function toPascalCase(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}
