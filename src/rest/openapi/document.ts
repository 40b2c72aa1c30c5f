export type OpenApiDocument = Record<string, unknown>
export interface OpenApiOptions { readonly origin?: string; readonly version?: string }
export function renderOpenApi(_domain: unknown, _options: OpenApiOptions): OpenApiDocument { return {} }
