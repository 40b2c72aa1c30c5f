/** Texts that have broken somebody's program, after the families of the Big List of Naughty Strings: each must be stored as it was sent, or refused. */
export const NAUGHTY: readonly string[] = [
  'undefined', 'null', 'NULL', 'nil', 'true', 'NaN', 'Infinity', '-1', '1e1000', '0x0', '\\', '\\\\', "'", '"', '`', ';', ' ', '  a  ', '\t', '\n', '\r\n', '\u000b', '\f', '\u0001', '\u0008', '\u001b[31m', '\u007f', '\u0080', '\u0085', '\u009f',
  '\u00a0', '\u00ad', '\u1680', '\u180e', '\u2000', '\u200b', '\u200c', '\u200d', '\u200e', '\u200f', '\u2028', '\u2029', '\u202a', '\u202e', '\u2060', '\u2066', '\u2069', '\u3000', '\ufeff', '\ufff9', '\ufffa', '\ufffc', '\ufffd', '\ufffe', '\uffff', '\u{1ffff}', '\u{e0001}', '\u{10ffff}',
  'e\u0301', '\u00e9', '\u212b', '\u00c5', '\u1e9b\u0323', '\uac00', '\u1100\u1161', '\ufb01', 'I\u0307', '\u0130', '\u0131', '\u00df', '\u1e9e', '\u03c2', 'a'.repeat(100), 'Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324\u031e\u0349\u035a', '\u0300'.repeat(50),
  '\ud83d\ude00', '\ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67\u200d\ud83d\udc66', '\ud83c\udff3\ufe0f\u200d\ud83c\udf08', '\ud83c\uddeb\ud83c\uddf7', '1\ufe0f\u20e3', '\ud835\udd38', '\u{20bb7}\u91ce\u5bb6', '\u7530\u4e2d\u3055\u3093', '\u0627\u0644\u0644\u0647', '\u05d1\u05e8\u05d0\u05e9\u05d9\u05ea', '\ufdfa', '\u0e33', '\u0915\u094d\u0937', '\u202etxt.exe', 'test\u2060test', '\u2066test\u2067', '\ufdd0',
  "' OR 1=1 --", "'; DROP TABLE users; --", '1; SELECT pg_sleep(10)', "\\'; SELECT 1; --", '$$; SELECT 1; $$', '$1', '$2::text', '%s%s%s%n', '%', '_', '%%', '\\%', '{{7*7}}', '${7*7}', '#{7*7}', '<%= 7*7 %>', '{"$gt":""}', '[object Object]', '__proto__', 'constructor',
  '<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', 'javascript:alert(1)', "' onmouseover='alert(1)", '<!--', ']]>', '<?xml version="1.0"?>', '&lt;&amp;&#0;', '\u2018\u201c', '\uff1cscript\uff1e', '$(touch /tmp/x)', '`id`', '| cat /etc/passwd', '&& id', '../../etc/passwd', '..\\..\\windows', 'file:///etc/passwd', 'CON', 'NUL', 'a\r\nSet-Cookie: b=c', 'a%0d%0aX: y', '${jndi:ldap://a/b}', '=1+1', '@SUM(1)', '-2+3', '() { :; }; id',
  '2147483648', '-2147483649', '9007199254740993', '0.1e-999', '1,000', '1.000,00', '\u0661\u0662\u0663', '\u00b2', '\u00bd', '\u2460', '0000-00-00', '9999-12-31T23:59:60Z', '12:60', 'infinity', '-infinity', 'epoch', '\\x00', '\\u0000', '\\000', '%00', '&#x0;', '\\N', '\\.', 'e'.repeat(199), '\ud83d\ude00'.repeat(99), '{}', '[]', '{"a":1}', ',', '{1,2}', '(1,2)', 'ROW(1)', '"a","b"', 'a\tb\tc', 'Scunthorpe', 'Robert\'); --', '\u{1f468}\u{1f3fd}',
]

/** No text at all: refused by name in every field. */
export const NO_TEXT: readonly { readonly escaped: string; readonly code: string }[] = [
  { escaped: '\\u0000', code: 'format' },
  { escaped: 'a\\u0000b', code: 'format' },
  { escaped: '\\ud800', code: 'format' },
  { escaped: '\\udc00', code: 'format' },
  { escaped: '\\udc00\\ud800', code: 'format' },
  { escaped: 'a\\ud83d', code: 'format' },
  { escaped: '\\ud83d\\ud83d\\ude00', code: 'format' },
]
