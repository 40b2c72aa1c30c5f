/** API-09: a kept answer is given again to the caller with the rights that it was made under, and to nobody with fewer. */
import { expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { testService } from '../../src/testing/index.ts'

const PERSON = 'usr_01h455vb4pex5vsknk084sn02q'

test('a caller who has lost a role is not given what was answered under it', async () => {
  await using service = await testService({ app })
  const body = { email: 'mary@example.com', display_name: 'Mary' }
  const send = (role: string) =>
    service.request('/api/v1/users', {
      method: 'POST',
      token: service.token(role, PERSON),
      body,
      headers: { 'idempotency-key': 'k1' },
    })

  const first = await send('admin')
  const again = await send('admin')
  const demoted = await send('viewer')

  expect([first.status, again.status, again.text === first.text]).toEqual([201, 201, true])
  expect([demoted.status, demoted.json.error.code]).toEqual([422, 'CONFLICT_KEY_REUSED'])
  expect(demoted.text).not.toContain('mary@example.com')
})
