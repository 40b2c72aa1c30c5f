/** Finds what fingers type without thought: runs of the alphabet, of digits and of the keyboard, and one part repeated. */

/** Forwards; backwards is the same finding. Rows of the keyboards in use, the slanting columns, and the keypad. */
const RUNS = [
  'abcdefghijklmnopqrstuvwxyzabc',
  '0123456789012',
  'qwertyuiop[]',
  "asdfghjkl;'",
  'zxcvbnm,./',
  'qwertzuiopü',
  'yxcvbnm',
  'azertyuiop',
  'qsdfghjklm',
  'wxcvbn',
  'йцукенгшщзхъ',
  'фывапролджэ',
  'ячсмитьбю',
  'абвгдежзийклмнопрстуфхцчшщъыьэюя',
  '!@#$%^&*()_+',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/',
  '!qaz@wsx#edc$rfv%tgb^yhn&ujm*ik<(ol>',
  'qazwsxedcrfvtgbyhnujmikolp',
  '1q2w3e4r5t6y7u8i9o0p',
  'q1w2e3r4t5y6u7i8o9p0',
  'a1b2c3d4e5f6g7h8i9j0',
  '1a2b3c4d5e6f7g8h9i0j',
  '147258369',
  '159357',
  '987456321',
  '789456123',
]

/** Three characters in a row are no accident often enough. */
const WINDOW = 3
/** A part that is repeated says no more than once. */
const PART_LENGTH_MAX = 4

const WINDOWS: ReadonlySet<string> = new Set(
  RUNS.flatMap((run) => [run, [...run].reverse().join('')]).flatMap((run) =>
    Array.from({ length: run.length - WINDOW + 1 }, (_, at) => run.slice(at, at + WINDOW)),
  ),
)

/** The text without its runs: `xk7abcdefg` is `xk7`. Expects lower case. */
export function withoutRuns(text: string): string {
  const characters = [...text]
  const isInRun = new Set<number>()
  for (let at = 0; at + WINDOW <= characters.length; at++) {
    const three = characters.slice(at, at + WINDOW)
    if (WINDOWS.has(three.join('')) || new Set(three).size === 1) for (let i = at; i < at + WINDOW; i++) isInRun.add(i)
  }
  return characters.filter((_, at) => !isInRun.has(at)).join('')
}

/** Whether the text is one part of at most four characters, again and again: `abcabcabcab`, `aaaaaaaa`. */
export function isRepetition(text: string): boolean {
  const characters = [...text]
  for (let length = 1; length <= PART_LENGTH_MAX && length * 2 <= characters.length; length++)
    if (characters.every((character, at) => character === characters[at % length])) return true
  return false
}
