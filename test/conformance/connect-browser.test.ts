// Proves RPC-04, RPC-05: a page of another origin calls methods and hears a stream, with nothing but what a browser has.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect } from 'vitest'
import { browserTest, testBrowser } from '../browser.ts'
import { type Blog, startBlog, USERS } from './blog.ts'

const browser = testBrowser('Connect and gRPC-Web from a page')
let pages: Server
let pageOrigin: string
let blog: Blog

beforeAll(async () => {
  pages = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<title>A page</title>'))
  pages.listen(0, '127.0.0.1')
  await once(pages, 'listening')
  pageOrigin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`
  blog = await startBlog({ CORS_ORIGINS: pageOrigin })
})
afterAll(async () => {
  await blog?.[Symbol.asyncDispose]()
  pages?.closeAllConnections()
  pages?.close()
})

browserTest(
  'a page of an allowed origin creates a record over Connect, is told of it by a watch, and reads it over gRPC-Web',
  async () => {
    const page = await browser.open()
    await page.goto(pageOrigin)

    const seen = await page.evaluate(
      async ({ origin, token, author }) => {
        const call = (
          method: string,
          type: string,
          body: string | Uint8Array<ArrayBuffer>,
          headers: Record<string, string> = {},
        ): Promise<Response> =>
          fetch(`${origin}/post.v1.PostService/${method}`, {
            method: 'POST',
            headers: { 'content-type': type, authorization: `Bearer ${token}`, ...headers },
            body,
          })
        const framed = (text: string): Uint8Array<ArrayBuffer> => {
          const bytes = new TextEncoder().encode(text)
          const framedBytes = new Uint8Array(5 + bytes.length)
          new DataView(framedBytes.buffer).setUint32(1, bytes.length)
          framedBytes.set(bytes, 5)
          return framedBytes
        }
        const connect = { 'connect-protocol-version': '1', 'connect-timeout-ms': '10000' }

        const watch = await call('WatchPosts', 'application/connect+json', framed('{}'), connect)
        const created = await call(
          'CreatePost',
          'application/json',
          JSON.stringify({ post: { authorId: author, title: 'From a page', body: 'Text' } }),
          connect,
        )
        const { post } = (await created.json()) as { readonly post: { readonly id: string } }
        const reader = watch.body?.getReader()
        let heard = ''
        while (!heard.includes(post.id)) {
          const { value, done } = (await reader?.read()) ?? { done: true }
          if (done) break
          heard += new TextDecoder().decode(value)
        }
        await reader?.cancel()
        const web = await call('GetPost', 'application/grpc-web+json', framed(JSON.stringify({ id: post.id })), {
          'x-grpc-web': '1',
        })
        return {
          isHeard: heard.includes(post.id),
          requestId: created.headers.get('x-request-id'),
          web: await web.text(),
        }
      },
      { origin: blog.service.origin, token: blog.tokens.editor, author: USERS.editor },
    )

    expect(seen.isHeard).toBe(true)
    expect(seen.requestId).toMatch(/./)
    expect(seen.web).toContain('"title":"From a page"')
    expect(seen.web).toContain('grpc-status: 0')
  },
)

browserTest('a page of another origin is not let near by the browser', async () => {
  const page = await browser.open()
  await page.goto(pageOrigin.replace('127.0.0.1', 'localhost'))

  const failure = await page.evaluate(async (origin) => {
    const answer = fetch(`${origin}/user.v1.UserService/ListUsers`, {
      method: 'POST',
      credentials: 'include',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    return answer.then(
      () => 'answered',
      () => 'refused by the browser',
    )
  }, blog.service.origin)

  expect(failure).toBe('refused by the browser')
})
