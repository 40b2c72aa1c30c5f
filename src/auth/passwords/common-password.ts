/** Decides whether a password is one that people take first, in whatever disguise: capitals, accents, figures, years, signs, repetition. */
import { COMMON_WORDS } from './common-words.ts'
import { withoutRuns } from './sequences.ts'

/** Signs that stand for a letter. What can stand for two is tried as both. */
const DISGUISES: Readonly<Record<string, string>> = {
  '0': 'o',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '6': 'g',
  '7': 't',
  '8': 'b',
  '9': 'g',
  '@': 'a',
  $: 's',
  '+': 't',
  '€': 'e',
  '£': 'l',
  '(': 'c',
}
const BARS = /[1!|]/g
/** Behind a word stand a year and a few signs at the most; more are cut off together. */
const CUTS_MAX = 8
const WORD_LENGTH_MAX = Math.max(...[...COMMON_WORDS].map((word) => word.length))
const EDGES = /^[^\p{L}]+|[^\p{L}]+$/gu

/** The text in small letters without accents, so that spellings of one word are one. */
export function foldText(text: string): string {
  return text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()
}

/**
 * Whether the password, without what is commonly added, is one of the common words, the same again and again, or two of them. Two of
 * the list are five million guesses, which is nothing; three are not refused.
 */
export function isCommonPassword(plain: string): boolean {
  const folded = foldText(plain)
  return [folded, withoutRuns(folded)].some((text) => spellings(text).some(isMadeOfCommonWords))
}

/** The text and what it may stand for. How many of the signs at its edges belong to the word, as in `pa$$`, is not known: each number is tried. */
function spellings(text: string): string[] {
  const cuts = new Set([text, text.replaceAll(EDGES, '')])
  const tail = /[^\p{L}]*$/u.exec(text)?.[0].length ?? 0
  for (let cut = 1; cut <= Math.min(tail, CUTS_MAX); cut++) cuts.add(text.slice(0, -cut))
  return [...cuts].flatMap((one) => [one, undisguise(one, 'i'), undisguise(one, 'l')])
}

function undisguise(text: string, bar: string): string {
  return [...text.replaceAll(BARS, bar)].map((sign) => DISGUISES[sign] ?? sign).join('')
}

function isMadeOfCommonWords(text: string): boolean {
  const letters = text.replaceAll(/[^\p{L}\p{N}]+/gu, '')
  return isCommonOrTwo(letters) || isCommonOrTwo(letters.replaceAll(/\p{N}+/gu, ''))
}

function isCommonOrTwo(text: string): boolean {
  if (COMMON_WORDS.has(text)) return true
  for (let at = 1; at < text.length && at <= WORD_LENGTH_MAX; at++) {
    if (!COMMON_WORDS.has(text.slice(0, at))) continue
    const rest = text.slice(at)
    if (COMMON_WORDS.has(rest) || isRepeated(text, at)) return true
  }
  return false
}

function isRepeated(text: string, length: number): boolean {
  return (
    text ===
    text
      .slice(0, length)
      .repeat(Math.ceil(text.length / length))
      .slice(0, text.length)
  )
}
