import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressKey } from './index.ts'

describe('addressKey()', () => {
  test.each([
    ['1.2.3.4', '1.2.3.4'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['::FFFF:102:304', '1.2.3.4'],
    ['0:0:0:0:0:ffff:1.2.3.4', '1.2.3.4'],
    ['2001:db8:1:2::1', '2001:db8:1:2'],
    ['2001:DB8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2'],
    ['2001:0db8:0001:0002:0:0:0:0%eth0', '2001:db8:1:2'],
    ['fe80::1%eth0.1', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
    ['2001:db8:1:3::1', '2001:db8:1:3'],
  ])('%s counts as %s', (address, key) => {
    expect(addressKey(address)).toBe(key)
  })

  test.each(['', 'unknown', '1.2.3', '01.2.3.4', '1.2.3.4:80', '[::1]', '1.2.3.4, 5.6.7.8', '::ffff:0x1.2.3.4', '\0', '%eth0'])(
    'counts %j, which is no address, together with all others that are none',
    (text) => {
      expect(addressKey(text)).toBe(addressKey('nonsense'))
    },
  )

  test('has one name for each /64, however its addresses are spelt', () => {
    const group = fc.integer({ min: 0, max: 0xffff })
    const groups = fc.array(group, { minLength: 8, maxLength: 8 })
    const spellings = [
      (all: readonly number[]) => all.map((one) => one.toString(16)).join(':'),
      (all: readonly number[]) => all.map((one) => one.toString(16).padStart(4, '0').toUpperCase()).join(':'),
      (all: readonly number[]) => new URL(`http://[${all.map((one) => one.toString(16)).join(':')}]`).hostname.slice(1, -1),
    ]
    fc.assert(
      fc.property(groups, groups, (left, right) => {
        fc.pre(left.slice(0, 4).some((one) => one !== 0))
        const neighbour = [...left.slice(0, 4), ...right.slice(4)]
        const names = [left, neighbour].flatMap((all) => spellings.map((spell) => addressKey(spell(all))))

        expect(new Set(names).size).toBe(1)
        if (left.slice(0, 4).join() !== right.slice(0, 4).join())
          expect(addressKey(right.map((one) => one.toString(16)).join(':'))).not.toBe(names[0])
      }),
    )
  })
})
