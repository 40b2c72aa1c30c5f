/** The reference service for the tests of one file: three accounts, and requests whose every answer is held against the OpenAPI document. */
import app from '../../examples/blog/app.ts'
import { documentOptions, readSettings } from '../../src/app/index.ts'
import { decodeTypeId } from '../../src/kernel/index.ts'
import { type OpenApiDocument, renderOpenApi } from '../../src/rest/index.ts'
import {
  responseVerifier,
  type TestAnswer,
  type TestRequest,
  type TestService,
  testService,
  type VerifyResponse,
} from '../../src/testing/index.ts'

export type Role = 'admin' | 'editor' | 'viewer'

/** The accounts that the tokens speak for. */
export const USERS: Readonly<Record<Role, string>> = {
  admin: 'usr_01h455vb4pex5vsknk084sn02q',
  editor: 'usr_01h455vb4pex5vsknk084sn02r',
  viewer: 'usr_01h455vb4pex5vsknk084sn02s',
}

export interface BlogRequest extends Omit<TestRequest, 'method' | 'token'> {
  /** Who asks; default nobody. */
  readonly as?: Role
}

export interface Blog extends AsyncDisposable {
  readonly service: TestService
  readonly document: OpenApiDocument
  readonly verify: VerifyResponse
  readonly tokens: Readonly<Record<Role, string>>
  /** `ask('GET /api/v1/posts', { as: 'editor' })`. */
  ask(line: string, request?: BlogRequest): Promise<TestAnswer>
  /** Makes a post of the editor's and gives its id. */
  post(fields?: Readonly<Record<string, unknown>>): Promise<string>
}

/** @param environment settings, as environment variables */
export async function startBlog(environment: Readonly<Record<string, string>> = {}): Promise<Blog> {
  const service = await testService({ app, environment })
  const document = renderOpenApi(app.domain, documentOptions(app, readSettings({})))
  const verify = responseVerifier(document)
  const tokens = {
    admin: service.token('admin', USERS.admin),
    editor: service.token('editor', USERS.editor),
    viewer: service.token('viewer', USERS.viewer),
  }
  const sql = await service.sql()
  for (const [role, id] of Object.entries(USERS)) {
    const values = [decodeTypeId('usr', id), `${role}@example.com`, role]
    await sql.query(
      'INSERT INTO users (id, email, display_name, role, created_at, updated_at, version) VALUES ($1, $2, $3, $3, now(), now(), 1)',
      values,
    )
  }

  const ask = async (line: string, { as, ...request }: BlogRequest = {}): Promise<TestAnswer> => {
    const [method = 'GET', path = '/'] = line.split(' ')
    const answer = await service.request(path, { ...request, method, token: as === undefined ? undefined : tokens[as] })
    const problems = verify({
      method,
      path,
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      body: answer.text,
    })
    if (/^\/(?:api|auth)\//.test(path) && problems.length > 0)
      throw new Error(`The answer is not as the OpenAPI document says:\n${problems.join('\n')}\n${answer.text}`)
    return answer
  }
  const post = async (fields: Readonly<Record<string, unknown>> = {}): Promise<string> => {
    const body = { author_id: USERS.editor, title: 'A title', body: 'A body', status: 'published', ...fields }
    const answer = await ask('POST /api/v1/posts', { as: 'editor', body })
    if (answer.status !== 201) throw new Error(`Cannot make a post: ${answer.text}`)
    return String(answer.json.data.id)
  }
  return { service, document, verify, tokens, ask, post, [Symbol.asyncDispose]: () => service.stop() }
}
