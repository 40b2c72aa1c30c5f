import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { PlinthError } from '../../kernel/index.ts'
import { createPasswordPolicy, type PasswordPolicyOptions } from './password-policy.ts'

const ADA = ['ada.lovelace@example.com', 'Ada Lovelace']

async function codesOf(plain: string, options: PasswordPolicyOptions = {}, personal: readonly string[] = []) {
  try {
    await createPasswordPolicy(options).check(plain, { personal })
    return []
  } catch (error) {
    if (!(error instanceof PlinthError)) throw error
    expect(error.code).toBe('VALIDATION_FAILED')
    return error.details.map(({ code }) => code)
  }
}

describe('check()', () => {
  test.each([
    'correct horse battery steak',
    'velvet otter juggles nine lamps',
    'tr4ctor-Mint-olive',
    'xK9#mQ2vLp7w',
    'susanna likes hedgehogs',
    'purple monkey dishwasher',
    'property power tree',
    'anna weiß nicht warum',
    '我喜欢在早上喝咖啡和看书',
    '\u{1f469}\u200d\u{1f680}\u{1f98a}\u{1f33b}\u{1f3bb}\u{1f9ca}\u{1f40c}\u{1fa81}\u{1f9e9}\u{1f955}\u{1f33e}',
  ])('takes %s', async (plain) => {
    expect(await codesOf(plain, {}, ADA)).toEqual([])
  })

  test('takes what a password manager makes', async () => {
    for (let round = 0; round < 500; round++) {
      const plain = randomBytes(15).toString('base64')
      expect(await codesOf(plain, {}, ADA), plain).toEqual([])
    }
  })

  test.each([
    'P@ssw0rd2024!',
    'Password123!',
    'passwordpassword',
    'MyPassword2026?',
    'iloveyou1234',
    'Summer2024!!',
    '2024Summer!!',
    'Welcome@2025',
    'adminadmin123',
    'dragonmonkey77',
    'l3tm31n!!2020',
    'P455w0rd!!!!',
    'Pa$$w0rd1234',
    'Contraseña2024',
    'ПарольПароль!',
    'ｐａｓｓｗｏｒｄ　２０１９',
    'trustno1trustno1',
    'monkey monkey monkey',
    'CorrectHorseBatteryStaple',
    'Manchester1!',
    'Liverpool2019',
  ])('knows %s for common', async (plain) => {
    expect(await codesOf(plain)).toEqual(['common'])
  })

  test.each([
    'qwertyuiop12',
    'Qwerty123456!',
    '!QAZ2wsx#EDC',
    'zaq1xsw2cde3',
    '123456789012',
    'abcdefghijkl',
    '98765432109x',
    '1q2w3e4r5t6y',
  ])('knows %s for a row of keys', async (plain) => {
    expect(await codesOf(plain)).toEqual(['sequence'])
  })

  test.each(['aaaaaaaaaaaa', 'abcabcabcabca', 'Ab1!Ab1!Ab1!', '\u{1f680}'.repeat(12)])(
    'knows %s for a repetition',
    async (plain) => {
      expect(await codesOf(plain)).toEqual(['repetition'])
    },
  )

  test.each(['Ada.Lovelace1815', 'i am AdaLovelace', 'ADA-LOVELACE-rules', 'my ada.lovelace@example.com'])(
    'refuses %s of Ada Lovelace',
    async (plain) => {
      expect(await codesOf(plain, {}, ADA)).toEqual(['personal'])
    },
  )

  test('a short name bars no password', async () => {
    expect(await codesOf('granada by moonlit ferry', {}, ['ada@example.com', 'Ada'])).toEqual([])
  })

  test('counts characters, 12 unless told otherwise', async () => {
    expect(await codesOf('xK9#mQ2vLp7')).toEqual(['too_short'])
    expect(await codesOf('xK9#mQ2v', { min: 8 })).toEqual([])
    expect(await codesOf('xK9#mQ2vLp7wRt', { min: 15 })).toEqual(['too_short'])
    expect(await codesOf('\u{1f680}\u{1f98a}\u{1f33b}\u{1f3bb}\u{1f9ca}\u{1f40c}')).toEqual(['too_short'])
    expect(await codesOf('xK9#mQ2v'.repeat(32))).toEqual([])
    expect(await codesOf('xK9#mQ2v'.repeat(32).concat('!'))).toEqual(['too_long'])
    expect(await codesOf('')).toEqual(['required'])
    expect(await codesOf('half a pair: \ud83d')).toEqual(['text'])
  })

  test('says all that is wrong at once, at the field it is told', async () => {
    const check = createPasswordPolicy().check('ada12345', { personal: ['ada12345@example.com'], field: 'newPassword' })

    await expect(check).rejects.toMatchObject({
      status: 400,
      message: 'The password must have at least 12 characters (and 2 more)',
      details: [
        { field: 'newPassword', code: 'too_short' },
        {
          field: 'newPassword',
          code: 'sequence',
          message: 'The password must be more than a row of the keyboard or the alphabet',
        },
        { field: 'newPassword', code: 'personal', message: 'The password must not hold your name or e-mail address' },
      ],
    })
  })

  test('asks for breaches only about what is good otherwise', async () => {
    const asked: string[] = []
    const breached = {
      async isBreached(text: string) {
        asked.push(text)
        return true
      },
    }

    expect(await codesOf('velvet otter juggles caf\u0065\u0301', { breached })).toEqual(['breached'])
    expect(await codesOf('short', { breached })).toEqual(['too_short'])
    expect(asked).toEqual(['velvet otter juggles caf\u00e9'])
  })

  test('is done at once with the worst that a client can send', async () => {
    const startMs = performance.now()

    for (const plain of ['dragon1!'.repeat(31).concat('xkcdqz'), '!'.repeat(256), 'abc'.repeat(85), '1'.repeat(255).concat('x')])
      await codesOf(plain, {}, [plain.slice(0, 200)])

    expect(performance.now() - startMs).toBeLessThan(200)
  })
})

test.each([7, 12.5, Number.NaN])('createPasswordPolicy() refuses a least length of %s', (min) => {
  expect(() => createPasswordPolicy({ min })).toThrow(/^Cannot ask for passwords of .* expected a whole number of at least 8$/)
})
