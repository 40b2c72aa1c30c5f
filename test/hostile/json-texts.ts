/**
 * JSON texts by what RFC 8259 says about them, after the families of JSONTestSuite: `refused` break the grammar, `accepted` keep it. Bytes
 * where the trouble is in the bytes. All are values, to be sent alone and as the value of a key.
 */

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1')

const REFUSED_NUMBERS = ['-', '+1', '-+1', '--1', '++1', '01', '-01', '00', '012', '-012', '1.', '.1', '-.1', '.', '-.', '1.e1', '1e', '1e+', '1e-', '1E', '1ee1', '1e1.5', '1.1.1', '1_000',
  '0x1', '0xAF', '0b1', '0o7', '1f', '1n', '1L', '1 000', 'NaN', '-NaN', 'Infinity', '-Infinity', '+Infinity', 'Inf', '-Inf', '1e1e1', '0e', '0e+', '0.e1', '2.e3', '-1x', '1a', '1,5', '9.e+', '\u0661', '\uff11', '-foo', '1/2', '(1)', '1eE2', '0.1.2', '-2.', '0.3e+']

const REFUSED_WORDS = ['tru', 'True', 'TRUE', 'truee', 'nul', 'Null', 'nill', 'undefined', 'None', 'fals', 'False', 'yes', 'a', 'nan', 'new Date()', 'function(){}', '#', '//', '/**/', '1//c', '1/*c*/', '`a`', '$', '*', '@', '~']

const REFUSED_STRINGS = ["'a'", '"a', 'a"', '"', '"""', '"\\"', '"\\a"', '"\\x41"', '"\\u"', '"\\u1"', '"\\u12"', '"\\u123"', '"\\u123g"', '"\\uD83"', '"\\U0041"', '"\\u{41}"', '"\\ "', '"\\\'"', '"\\0"', '"\\1"', '"\\v"', '"\\e"', '"\\\u00e9"',
  '"a\nb"', '"a\tb"', '"a\rb"', '"\u0000"', '"\u001f"', '"\u0008"', '"a" "b"', '"a"b"', '"\\ud800\\u"', '"\\ud800\\u1"', '"\\ud800\\u1x"', '\u201ca\u201d', '"\\', '"\\u00', '"a\\']

const REFUSED_ARRAYS = ['[', ']', '[1', '[1,', '[1,]', '[,1]', '[,]', '[1,,2]', '[1 2]', '[1:2]', '[1;2]', '["a" 1]', '[1]]', '[1}', '[[1]', '[1],', '[-]', '[a]', '["a]', '[1, \n', '[*]', '[\u000b1]', '[\u000c1]', '[1\u00a0]', '[\u2060]', '[\ufeff1]', '[undefined]', '[...1]', '[x => x]', '(1)', '[1]x', '[1]#', '["",]', '[,""]', '["\ta"]']

const REFUSED_OBJECTS = ['{', '}', '{a:1}', "{'a':1}", '{"a"}', '{"a":}', '{"a":1,}', '{,"a":1}', '{"a":1,,"b":2}', '{"a" 1}', '{"a":1 "b":2}', '{1:1}', '{null:1}', '{true:1}', '{[]:1}', '{"a":1', '{"a"', '{"a":', '{"a":1}}', '{"a":1]', '{"a":1}{"b":2}', '{"a"::1}', '{"a":b}', '{"a":1,"b"}', '{"a":1 /*c*/}', '{"a":1}//c', '{"a":1}#', '{"a"=1}', '{"a"=>1}', '{"a",1}', '{:1}', '{"a":"b}', '{"a":\'b\'}', '{"a":1}x', '{"\n":1}', '{a', '{"a":1;}', '{{}}', '{[]}', '<a/>', '{"a":1}\u0000', '{"a":1,"b":truth}', '{"asd":"asd"', '\u00e5', '*', '{"x"::"b"}', '{\ud83d\ude00:1}', '{"a":"a" 123}', '{\'a\':0}', '{9999E9999:1}']

export const REFUSED: readonly (string | Buffer)[] = [...REFUSED_NUMBERS, ...REFUSED_WORDS, ...REFUSED_STRINGS, ...REFUSED_ARRAYS, ...REFUSED_OBJECTS]

/** Bytes that are no UTF-8: each between quotes, so that only the encoding is wrong. */
export const REFUSED_BYTES: readonly Buffer[] = [
  '\x80', '\xbf', '\xff', '\xfe', '\xc0\x80', '\xc0\xaf', '\xc1\xbf', '\xe0\x80\x80', '\xe0\x80\xaf', '\xe0\x9f\xbf', '\xf0\x80\x80\xaf', '\xf0\x8f\xbf\xbf', '\xf8\x88\x80\x80\x80', '\xfc\x84\x80\x80\x80\x80',
  '\xed\xa0\x80', '\xed\xbf\xbf', '\xed\xa0\x80\xed\xb0\x80', '\xf4\x90\x80\x80', '\xf5\x80\x80\x80', '\xc3', '\xe2\x82', '\xf0\x9f\x98', '\xc3\x28', '\xe2\x28\xa1', '\xf0\x28\x8c\xbc', '\xa0\xa1', '\xfe\xfe\xff\xff',
].map((bytes) => ascii(`"${bytes}"`))

const ACCEPTED_NUMBERS = ['0', '-0', '1', '-1', '10', '0.5', '-0.5', '0.0', '1e2', '1E2', '1e+2', '1e-2', '1E+2', '1E-2', '0e1', '0e+1', '0E1', '1.5e3', '123.456e-7', '-1e-300', '123123', '20e1', '0.4e006', '1e-10000', '-9007199254740991', '9007199254740991']

const ACCEPTED_STRINGS = ['""', '"a"', '" "', '"\\""', '"\\\\"', '"\\/"', '"/"', '"\\b\\f\\n\\r\\t"', '"\\u0041"', '"\\u00e9"', '"\\u20AC"', '"\\uD83D\\uDE00"', '"\\ud834\\udd1e"', '"\\uFFFF"', '"\\u0012"', '"\\u2028"', '"\u2028\u2029"', '"\u00e9"', '"\u20ac"', '"\ud83d\ude00"', '"\u007f"', '"\uffff"', '"\ufeff"', '"\u202e"', '"\udbff\udfff"', '"\\\\u0000"', '"\\\\n"', '"a/*b*/c"', '"null"', '"\\u005C"', '"\\u0022"', '"\\u200B"', '"asd "', '"\\uDBFF\\uDFFE"', '"\u00a0"', '"new\\u00A0line"', '"\\"\\\\\\/"']

const ACCEPTED_STRUCTURES = ['true', 'false', 'null', '[]', '{}', '[ ]', '{ }', '[1]', '[1,2]', '[null]', '[[]]', '[{}]', '[""]', '[null,1,"1",{}]', '[1 ]', '[\n1\n,\r\n\t2]', ' [1]', '[1] ', '[false]', '{"a":1}', '{"a":[]}', '{"a":{}}', '{"":0}', '{"a":1,"b":2}', '{"a":"b","asd":"sdf"}', '{\n"a": "b"\n}', '{"\\u0061":1}', '{"a":{"a":{"a":1}}}', '[[[[[[[[[[1]]]]]]]]]]', '{"foo\\u0020bar":42}', '{"title":"\\u041f\\u043e"}', '{"min":-1.0e+28,"max":1.0e+28}', '[1,null,null,null,2]', '{"x":[{"id":"a"}],"id":"b"}']

export const ACCEPTED: readonly string[] = [...ACCEPTED_NUMBERS, ...ACCEPTED_STRINGS, ...ACCEPTED_STRUCTURES]
