import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeTypeId, type Uuid } from '../kernel/index.ts'
import { globalIdHead, readGlobalId, renderGlobalId } from './global-id.ts'

const ID = '01890a5d-ac96-774b-bcce-b302099a8057' as Uuid
const USER = { idPrefix: 'usr' }

const anyUuid = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => {
  const hex = Buffer.from(bytes).toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') as Uuid
})
const anyPrefix = fc.stringMatching(/^[a-z]{1,20}$/)

describe('a global id', () => {
  test('is base64 of the prefix, underscores and the bytes of the key', () => {
    expect(renderGlobalId('usr', ID)).toBe('dXNyX19fAYkKXayWd0u8zrMCCZqAVw==')
    expect(atob('dXNyX19f')).toBe('usr___')
  })

  test('begins with whole groups, whatever the prefix', () => {
    fc.assert(
      fc.property(anyPrefix, (prefix) => {
        expect(globalIdHead(prefix)).toMatch(/^(?:[A-Za-z0-9+/]{4})+$/)
        expect(atob(globalIdHead(prefix))).toMatch(new RegExp(`^${prefix}_+$`))
      }),
    )
  })

  test('is read as what it was printed from', () => {
    fc.assert(
      fc.property(anyPrefix, anyUuid, (idPrefix, id) => {
        expect(readGlobalId({ idPrefix }, renderGlobalId(idPrefix, id))).toBe(id)
      }),
    )
  })

  test('of one resource is none of another', () => {
    expect(readGlobalId({ idPrefix: 'post' }, renderGlobalId('usr', ID))).toBeUndefined()
    expect(readGlobalId({ idPrefix: 'us' }, renderGlobalId('usr', ID))).toBeUndefined()
  })
})

describe('readGlobalId()', () => {
  test('takes the id of REST too', () => {
    expect(readGlobalId(USER, encodeTypeId('usr', ID))).toBe(ID)
  })

  test.each([
    ['', 'nothing'],
    ['dXNyX19f', 'no key'],
    ['dXNyX19fAYkKXayWd0u8zrMCCZqAVw', 'no filling'],
    ['dXNyX19fAYkKXayWd0u8zrMCCZqAVx==', 'bits that nothing needs'],
    ['dXNyX19fAYkKXayWd0u8zrMCCZqA_w==', 'the alphabet of URLs'],
    ['dXNyX19fAYkKXayWd0u8zrMCCZ AVw==', 'a space'],
    ['dXNyX19fAYkKXayWd0u8zrMCCZqAVw==\n', 'a line behind it'],
    ['01890a5d-ac96-774b-bcce-b302099a8057', 'a bare UUID'],
    ['usr_01h455vb4pex5vsknk084sn0', 'a short id of REST'],
  ])('refuses %j: %s', (text) => {
    expect(readGlobalId(USER, text)).toBeUndefined()
  })

  test('knows one spelling of each id', () => {
    fc.assert(
      fc.property(anyUuid, fc.nat(31), fc.constantFrom(...'ABab01+/=_-'), (id, at, character) => {
        const text = renderGlobalId('usr', id)
        const changed = text.slice(0, at) + character + text.slice(at + 1)

        expect(changed === text || readGlobalId(USER, changed) !== id).toBe(true)
      }),
    )
  })
})
