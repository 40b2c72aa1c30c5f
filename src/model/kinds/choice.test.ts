import { describe, expect, test } from 'vitest'
import { choiceKind } from './choice.ts'

describe('choice', () => {
  const kind = choiceKind(['draft', 'published'])

  test.each(['Draft', 'draft ', '', 'toString', '__proto__', 0, null, ['draft']])(
    'refuses %j and says what there is',
    (input) => {
      expect(kind.read(input)).toMatchObject({ code: 'choice', message: 'must be one of draft, published' })
    },
  )

  test.each([
    [[], 'it has nothing to choose from'],
    [['in review'], 'its choice "in review" is not a word of letters, digits, _ and -'],
    [[''], 'its choice "" is not a word of letters, digits, _ and -'],
    [['1st'], 'its choice "1st" is not a word of letters, digits, _ and -'],
    [['a'.repeat(64)], `its choice "${'a'.repeat(64)}" is not a word of letters, digits, _ and -`],
    [['draft', 'draft'], 'its choice "draft" is there twice, or differs from another by case or hyphens alone'],
    [['in-review', 'IN_REVIEW'], 'its choice "IN_REVIEW" is there twice, or differs from another by case or hyphens alone'],
  ])('finds what is wrong with %j', (choices: readonly string[], what) => {
    expect(
      choiceKind(choices)
        .findFlaws?.()
        .map((flaw) => flaw.what),
    ).toEqual([what])
  })
})
