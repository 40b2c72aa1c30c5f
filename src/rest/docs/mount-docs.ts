import type { HttpServer } from '../../http/index.ts'
import type { Domain } from '../../model/index.ts'
export function mountDocs(_server: HttpServer, _domain: Domain): void {}
