import { describe, expect, test } from 'vitest'
import { readSettings, SettingsError } from './settings.ts'

describe('readSettings()', () => {
  test('limits callers and trusts no proxy when nothing is set', () => {
    const { rateLimits, trustedProxies } = readSettings({})

    expect(rateLimits).toEqual({
      read: { perMinute: 6_000, burst: 1_000 },
      write: { perMinute: 1_200, burst: 300 },
      sensitive: { perMinute: 20, burst: 10 },
    })
    expect(trustedProxies).toEqual([])
  })

  test('reads limits, and takes "off" for none', () => {
    const { rateLimits } = readSettings({ RATE_LIMIT_READ: '60/5', RATE_LIMIT_WRITE: 'off', RATE_LIMIT_SENSITIVE: '' })

    expect(rateLimits).toEqual({
      read: { perMinute: 60, burst: 5 },
      write: undefined,
      sensitive: { perMinute: 20, burst: 10 },
    })
  })

  test('takes "off" for no gRPC', () => {
    expect(readSettings({}).grpcPort).toBe(50_051)
    expect(readSettings({ GRPC_PORT: 'off' }).grpcPort).toBeUndefined()
  })

  test('serves Connect where there is gRPC, unless it is said', () => {
    const read = [{}, { CONNECT: 'false' }, { GRPC_PORT: 'off' }, { GRPC_PORT: 'off', CONNECT: 'true' }]

    expect(read.map((one) => readSettings(one).isConnect)).toEqual([true, false, false, true])
  })

  test('reads the ranges of trusted proxies', () => {
    expect(readSettings({ TRUSTED_PROXIES: '10.0.0.0/8, 2001:db8::/32,' }).trustedProxies).toEqual([
      '10.0.0.0/8',
      '2001:db8::/32',
    ])
  })

  test.each([
    ['RATE_LIMIT_READ', '60', 'Cannot use RATE_LIMIT_READ="60": expected "<per minute>/<at once>" as "1200/300", or "off"'],
    ['RATE_LIMIT_READ', '0/5', 'Cannot use RATE_LIMIT_READ="0/5": expected "<per minute>/<at once>" as "1200/300", or "off"'],
    ['RATE_LIMIT_WRITE', '5/0', 'Cannot use RATE_LIMIT_WRITE="5/0": expected "<per minute>/<at once>" as "1200/300", or "off"'],
    [
      'RATE_LIMIT_SENSITIVE',
      '1e3/5',
      'Cannot use RATE_LIMIT_SENSITIVE="1e3/5": expected "<per minute>/<at once>" as "1200/300", or "off"',
    ],
    [
      'TRUSTED_PROXIES',
      '10.0.0.1',
      'Cannot use TRUSTED_PROXIES: "10.0.0.1" is no range in CIDR notation, expected ranges as "10.0.0.0/8,2001:db8::/32"',
    ],
    [
      'TRUSTED_PROXIES',
      '10.0.0.0/8,*',
      'Cannot use TRUSTED_PROXIES: "*" is no range in CIDR notation, expected ranges as "10.0.0.0/8,2001:db8::/32"',
    ],
  ])('refuses %s=%s', (name, value, sentence) => {
    expect(() => readSettings({ [name]: value })).toThrow(new SettingsError(sentence))
  })
})
