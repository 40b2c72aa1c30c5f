import { expect, test } from 'vitest'
import { renderLetter } from './letter.ts'

const plain = (text: string): string => text
const PLAIN = { bold: plain, dim: plain, green: plain }

test('a letter is shown with its reader, its subject and its link, which stands alone on its line', () => {
  const text = 'To confirm it, open this page:\n\n  http://localhost:3000/auth/verify-email?token=c2VjcmV0\n\nGood-bye.\n'

  expect(renderLetter({ to: 'ada@example.com', subject: 'Confirm your address', text }, PLAIN)).toBe(`
  ✉ Confirm your address · to ada@example.com
    http://localhost:3000/auth/verify-email?token=c2VjcmV0
`)
})

test('a letter without a link is shown without one', () => {
  expect(renderLetter({ to: 'ada@example.com', subject: 'Hello', text: 'Nothing to do.' }, PLAIN)).toBe(`
  ✉ Hello · to ada@example.com
`)
})
