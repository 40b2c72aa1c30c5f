import { expect, test } from 'vitest'
import { readArguments } from './arguments.ts'
import { type Command, UsageError } from './command.ts'

const GROW: Command = {
  name: 'grow',
  summary: 'Let something grow',
  usages: ['tree [--height M]', 'grass'],
  options: { height: { type: 'string' } },
  wordsMax: 1,
  run: async () => 0,
}

function messageOf(...input: string[]): string {
  try {
    readArguments(GROW, input)
  } catch (error) {
    if (error instanceof UsageError) return error.message
    throw error
  }
  return 'none'
}

test('readArguments() gives the words, the own options of a command and those of all', () => {
  expect(readArguments(GROW, ['tree', '--height', '3', '--app', 'park.ts', '--json'])).toEqual({
    words: ['tree'],
    options: { height: '3', app: 'park.ts', json: true },
  })
})

test('readArguments() names an unknown option and those that there are', () => {
  expect(messageOf('tree', '--heigth', '3')).toBe(
    'Cannot run grow: there is no option --heigth, expected one of --height, --app, --json\n' +
      'Usage: plinth grow tree [--height M]\n       plinth grow grass',
  )
})

test('readArguments() refuses a word that nobody reads', () => {
  expect(messageOf('tree', 'fast')).toContain('Cannot run grow: "fast" is a word too many')
})

test('readArguments() refuses an option without its value', () => {
  expect(messageOf('tree', '--height')).toContain("Option '--height <value>' argument missing")
})
