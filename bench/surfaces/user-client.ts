/** A client of `UserService` as somebody would write it from the committed `.proto`: for questions before the timing, never under load. */
import { Client, credentials, Metadata, type MethodDefinition, type ServiceDefinition } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { PROTO_FOLDER, USER_PROTO } from '../grpc/service.ts'

export interface UserAnswer {
  readonly status: number
  /** The message as plain values; undefined for a refusal. */
  readonly message: unknown
}

const PATIENCE_MS = 2_000

export class UserClient implements Disposable {
  readonly #client: Client
  readonly #method: MethodDefinition<object, object>

  constructor(port: number) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
    const definitions = loadSync(USER_PROTO, { includeDirs: [PROTO_FOLDER], longs: String, enums: String })
    const method = (definitions['user.v1.UserService'] as ServiceDefinition)['GetUser']
    if (method === undefined) throw new Error(`Cannot call GetUser: ${USER_PROTO} does not declare it`)
    this.#method = method
  }

  get(id: string, token: string | undefined): Promise<UserAnswer> {
    const metadata = new Metadata()
    if (token !== undefined) metadata.set('authorization', `Bearer ${token}`)
    const { path, requestSerialize, responseDeserialize } = this.#method
    return new Promise((resolve) => {
      const options = { deadline: Date.now() + PATIENCE_MS }
      this.#client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { id }, metadata, options, (error, message) =>
        resolve({ status: error?.code ?? 0, message }),
      )
    })
  }

  [Symbol.dispose](): void {
    this.#client.close()
  }
}
