import { BlockList, isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isAddressRange, isInRange, readAddress } from './index.ts'

describe('isInRange()', () => {
  test.each<[string | null, string, boolean]>([
    ['10.255.255.255', '10.0.0.0/8', true],
    ['11.0.0.0', '10.0.0.0/8', false],
    ['192.0.2.7', '192.0.2.7/32', true],
    ['192.0.2.8', '192.0.2.7/32', false],
    ['8.8.8.8', '0.0.0.0/0', true],
    ['::ffff:10.1.2.3', '10.0.0.0/8', true],
    ['::ffff:a01:203', '10.0.0.0/8', true],
    ['::ffff:10.1.2.3', '::/0', false],
    ['2001:DB8::1', '2001:db8::/32', true],
    ['2001:db9::1', '2001:db8::/32', false],
    ['10.0.0.1', '2001:db8::/32', false],
    ['2001:db8::1', '0.0.0.0/0', false],
    ['167772161', '10.0.0.0/8', false],
    ['0x0a000001', '10.0.0.0/8', false],
    ['10.1', '10.0.0.0/8', false],
    ['010.0.0.1', '0.0.0.0/0', false],
    ['::ffff:010.0.0.1', '0.0.0.0/0', false],
    ['::ffff:0x0a.0.0.1', '0.0.0.0/0', false],
    ['fe80::1%eth0.1', 'fe80::/10', true],
    ['febf:ffff::', 'fe80::/10', true],
    ['fec0::', 'fe80::/10', false],
    ['2001:db8::1', '::/0', true],
    ['10.0.0.1, 1.1.1.1', '0.0.0.0/0', false],
    ['', '0.0.0.0/0', false],
    [null, '0.0.0.0/0', false],
  ])('%s in %s: %s', (address, range, isInside) => {
    expect(isInRange(address, range)).toBe(isInside)
  })
})

describe('readAddress()', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['0:0:0:0:0:ffff:0a00:0001', '10.0.0.1'],
    ['2001:DB8::1', '32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1'],
    ['fe80::1%en-0', '254.128.0.0.0.0.0.0.0.0.0.0.0.0.0.1'],
  ])('%s is %s', (text, bytes) => {
    expect(readAddress(text)?.bytes.join('.')).toBe(bytes)
  })

  test('takes any text without a throw, and no text that the system refuses', () => {
    const near = fc.stringMatching(/^[0-9a-f:.x%/ ]{0,45}$/)
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), near, fc.string()), (text) => {
        const isRead = readAddress(text) !== undefined
        if (isRead) expect(isIP(text.replace(/%.*$/s, ''))).not.toBe(0)
        else if (!text.includes('%')) expect(isIP(text)).toBe(0)
      }),
      { numRuns: 2_000 },
    )
  })

  test('lies in the ranges in which the block list of Node sees it', () => {
    const cases = fc.oneof(
      fc.tuple(fc.ipV4(), fc.ipV4(), fc.integer({ min: 0, max: 32 })),
      fc.tuple(fc.ipV6(), fc.ipV6(), fc.integer({ min: 0, max: 128 })),
    )
    fc.assert(
      fc.property(cases, fc.boolean(), ([network, other, bits], isSame) => {
        const range = `${network}/${bits}`
        fc.pre(isAddressRange(range) && readAddress(network)?.kind === readAddress(other)?.kind)
        const kind = isIP(network) === 4 ? 'ipv4' : 'ipv6'
        const list = new BlockList()
        list.addSubnet(network, bits, kind)
        const address = isSame ? network : other

        expect(isInRange(address, range)).toBe(list.check(address, kind))
      }),
      { numRuns: 1_000 },
    )
  })
})
