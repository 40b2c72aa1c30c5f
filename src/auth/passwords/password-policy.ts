/** Decides which passwords are good enough to be taken. Knows nothing of hashes, and of accounts only the words it is told. */
import { type ErrorDetail, invalid } from '../../kernel/index.ts'
import type { BreachedPasswords } from './breached-passwords.ts'
import { foldText, isCommonPassword } from './common-password.ts'
import { PASSWORD_FAULTS, readPassword } from './password-text.ts'
import { isRepetition, withoutRuns } from './sequences.ts'

/** NIST SP 800-63B-4 asks for 15 where the password is the only factor and for 8 beside another; 12 stands between, since both kinds sign in. */
const LENGTH_DEFAULT = 12
const LENGTH_LEAST = 8
/** Shorter names are found in too many good passwords. */
const PERSONAL_LENGTH_MIN = 4
/** What has to be left when runs such as `abcdef` and `12345` are taken out. */
const FREE_LENGTH_MIN = 4

export interface PasswordPolicyOptions {
  /** The least number of characters (code points); default 12, at least 8. */
  readonly min?: number
  /** Asked last, about what is good otherwise; default: nobody is asked. */
  readonly breached?: BreachedPasswords
}

export interface PasswordContext {
  /** What others know of the person: e-mail address, name. None may stand in the password as a whole. */
  readonly personal: readonly string[]
  /** The field that an error names; default `password`. */
  readonly field?: string
}

export interface PasswordPolicy {
  /**
   * @throws `VALIDATION_FAILED` with all that is wrong: `required`, `too_long` or `text`; `too_short`, `repetition`, `sequence`, `common`,
   * `personal`; `breached`
   */
  check(plain: string, context: PasswordContext): Promise<void>
}

/**
 * Makes the rule for new passwords. It asks for length and for what guessers do not try first; it does not ask for capitals or signs,
 * which only make people write `Password1!`. @see https://pages.nist.gov/800-63-4/sp800-63b.html
 *
 * @throws when `min` is below 8
 * @example
 * const policy = createPasswordPolicy()
 * await policy.check('correct horse battery steak', { personal: ['ada@example.com', 'Ada Lovelace'] })
 */
export function createPasswordPolicy({ min = LENGTH_DEFAULT, breached }: PasswordPolicyOptions = {}): PasswordPolicy {
  if (!Number.isInteger(min) || min < LENGTH_LEAST)
    throw new Error(`Cannot ask for passwords of ${min} characters: expected a whole number of at least ${LENGTH_LEAST}`)
  return {
    async check(plain, { personal, field = 'password' }) {
      const findings = findFaults(plain, min, personal)
      const text = readPassword(plain)
      if (findings.length === 0 && typeof text === 'object' && (await breached?.isBreached(text.text)))
        findings.push(['breached', 'The password is known from a breach of another service'])
      if (findings.length > 0) throw invalid(findings.map(([code, message]): ErrorDetail => ({ field, code, message })))
    },
  }
}

function findFaults(plain: string, min: number, personal: readonly string[]): [code: string, message: string][] {
  const password = readPassword(plain)
  if (typeof password === 'string') return [[password, PASSWORD_FAULTS[password]]]
  const { text, codePoints } = password
  const folded = foldText(text)
  const findings: [string, string][] = []
  if (codePoints < min) findings.push(['too_short', `The password must have at least ${min} characters`])
  if (isRepetition(folded)) findings.push(['repetition', 'The password must be more than one part again and again'])
  else if ([...withoutRuns(folded)].length < FREE_LENGTH_MIN)
    findings.push(['sequence', 'The password must be more than a row of the keyboard or the alphabet'])
  else if (isCommonPassword(text)) findings.push(['common', 'The password must not be one that many people use'])
  if (holdsPersonal(folded, personal)) findings.push(['personal', 'The password must not hold your name or e-mail address'])
  return findings
}

/** Compares letters and figures only, so that `ada.lovelace` is found in `AdaLovelace1815`. */
function holdsPersonal(folded: string, personal: readonly string[]): boolean {
  const letters = withoutSigns(folded)
  return personal
    .flatMap((word) => (word.includes('@') ? [word, word.slice(0, word.lastIndexOf('@'))] : [word]))
    .map((word) => withoutSigns(foldText(word)))
    .some((word) => [...word].length >= PERSONAL_LENGTH_MIN && letters.includes(word))
}

function withoutSigns(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}]+/gu, '')
}
