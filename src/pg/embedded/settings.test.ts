import { expect, test } from 'vitest'
import { renderAccessRules, renderSettings } from './settings.ts'

const INPUT = { durability: 'full', listen: { socketFolder: '/home/app/run' }, logFolder: '/home/app/log', tuning: {} } as const

test('renderSettings() keeps what was acknowledged through a power cut', () => {
  const text = renderSettings(INPUT)

  expect(text).toContain('\nfsync = on\n')
  expect(text).toContain('\nfull_page_writes = on\n')
  expect(text).toContain("\nsynchronous_commit = 'on'\n")
})

test('renderSettings() listens on no TCP port where there is a socket', () => {
  const text = renderSettings(INPUT)

  expect(text).toContain("\nlisten_addresses = ''\n")
  expect(text).toContain(`\nunix_socket_directories = '"/home/app/run"'\n`)
})

test('renderSettings() listens on the loopback only, where it was asked to', () => {
  const text = renderSettings({ ...INPUT, listen: { port: 41_234 } })

  expect(text).toContain("\nlisten_addresses = '127.0.0.1'\n")
  expect(text).toContain('\nport = 41234\n')
})

test('renderSettings() keeps a path with quotes, commas and spaces one path', () => {
  const text = renderSettings({ ...INPUT, listen: { socketFolder: `/it's, "here"` } })

  expect(text).toContain(`\nunix_socket_directories = '"/it''s, ""here"""'\n`)
})

test('renderSettings() lets tuning replace the size', () => {
  expect(renderSettings({ ...INPUT, tuning: { shared_buffers: '256MB' } })).toContain("\nshared_buffers = '256MB'\n")
})

test.each(['fsync', 'full_page_writes', 'synchronous_commit'])('renderSettings() refuses to tune %s', (name) => {
  expect(() => renderSettings({ ...INPUT, tuning: { [name]: false } })).toThrow(`Cannot tune "${name}" of the embedded database`)
})

test('renderSettings() refuses a name that would smuggle in another setting', () => {
  expect(() => renderSettings({ ...INPUT, tuning: { 'jit = on\nfsync': false } })).toThrow('it is not a setting')
})

test('renderAccessRules() lets the role in with its password, and nobody else', () => {
  expect(renderAccessRules('plinth')).toBe(
    '# Written by Plinth at each start.\nlocal all "plinth" scram-sha-256\nhost all "plinth" 127.0.0.1/32 scram-sha-256\n',
  )
})
