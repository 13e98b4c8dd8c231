// Changes of texts, cookies and JSON, each with the name that a report says.
import { NOW } from './clock.mjs'

const ALPHABET = 'Aa0-_+/=.:~|;, "%\\\t!*&zZ9é'
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const SEPARATORS = ['.', ':', '--', '|', '~', '=', '; ']

// A range of a text, mostly a short one.
const range = (r, text) => {
  const from = r.int(text.length + 1)
  return [from, Math.min(text.length, from + 1 + (r.chance(0.7) ? r.int(4) : r.int(text.length + 1)))]
}

const splice = (text, from, to, by) => text.slice(0, from) + by + text.slice(to)

// A part of a text between separators that it has, and how to put another in its place.
const part = (r, text) => {
  const separator = r.pick(SEPARATORS.filter((s) => text.includes(s)).concat('.'))
  const parts = text.split(separator)
  return { parts, at: r.int(parts.length), join: () => parts.join(separator) }
}

const edits = {
  replace: (r, text) => { const at = r.int(text.length || 1); return splice(text, at, at + 1, r.pick(ALPHABET)) },
  digit: (r, text) => { const at = r.int(text.length || 1); return splice(text, at, at + 1, r.pick(BASE64)) },
  bit: (r, text) => { const at = r.int(text.length || 1); return splice(text, at, at + 1, String.fromCharCode(((text.charCodeAt(at) || 65) ^ (1 << r.int(6))) || 65)) },
  delete: (r, text) => splice(text, ...range(r, text), ''),
  insert: (r, text) => { const [from] = range(r, text); return splice(text, from, from, r.pick(ALPHABET)) },
  repeat: (r, text) => { const [from, to] = range(r, text); return splice(text, from, from, text.slice(from, to)) },
  cut: (r, text) => text.slice(0, r.int(text.length + 1)),
  append: (r, text) => text + r.pick(['=', '==', 'A', '.', ' ', '\t', '%20', '%00', ';', '"', '--', '~2', '%3D', '\u00a0'].concat(text)),
  prepend: (r, text) => r.pick([' ', '"', '.', '%20', 's:', 'A', '=', 'Bearer ']) + text,
  quote: (r, text) => `"${text}"`,
  swap: (r, text) => { const p = part(r, text); const other = r.int(p.parts.length); [p.parts[p.at], p.parts[other]] = [p.parts[other], p.parts[p.at]]; return p.join() },
  'drop a part': (r, text) => { const p = part(r, text); p.parts.splice(p.at, 1); return p.join() },
  'double a part': (r, text) => { const p = part(r, text); p.parts.splice(p.at, 0, p.parts[p.at]); return p.join() },
  'empty a part': (r, text) => { const p = part(r, text); p.parts[p.at] = ''; return p.join() },
  // the bits of the last digit that no byte has
  'tail bits': (r, text) => { const p = part(r, text); const old = BASE64.indexOf(p.parts[p.at].slice(-1)); if (old >= 0) p.parts[p.at] = p.parts[p.at].slice(0, -1) + BASE64[old ^ (1 + r.int(15))]; return p.join() },
  pad: (r, text) => { const p = part(r, text); p.parts[p.at] += r.pick(['=', '==', '===', '%3D']); return p.join() },
  unpad: (r, text) => text.replace(r.pick([/=+$/, /%3D/gi, /=/]), ''),
  alphabet: (r, text) => r.chance(0.5) ? text.replaceAll('-', '+').replaceAll('_', '/') : text.replaceAll('+', '-').replaceAll('/', '_'),
  case: (r, text) => { const [from, to] = range(r, text); const some = text.slice(from, to); return splice(text, from, to, r.chance(0.5) ? some.toUpperCase() : some.toLowerCase()) },
  escape: (r, text) => { const [from, to] = range(r, text); return splice(text, from, to, Array.from(text.slice(from, to), (c) => { const hex = c.charCodeAt(0).toString(16).padStart(2, '0'); return `%${r.chance(0.5) ? hex : hex.toUpperCase()}` }).join('')) },
  'escape twice': (r, text) => text.replaceAll('%', '%25'),
  unescape: (r, text) => { try { return decodeURIComponent(text) } catch { return text } },
  'bad escape': (r, text) => { const [from] = range(r, text); return splice(text, from, from, r.pick(['%', '%2', '%zz', '%c3', '%ff', '%C0%80', '%u0041', '+'])) },
}

/** A text changed once or more: [names, text]. */
export function changed(r, text, other) {
  const names = []
  for (let n = r.chance(0.8) ? 1 : 1 + r.int(4); n > 0; n--) {
    if (other && r.chance(0.1)) {
      const p = part(r, text)
      const parts = part(r, other).parts
      p.parts[p.at] = r.pick(parts)
      names.push('a part of another')
      text = p.join()
      continue
    }
    const name = r.pick(Object.keys(edits))
    names.push(name)
    text = edits[name](r, text)
  }
  return [names.join(', '), text]
}

// ----------------------------------------------------------------------- cookies

const cookieEdits = {
  'as it is': (r, pairs) => pairs.join('; '),
  separators: (r, pairs) => pairs.join(r.pick([';', ';  ', '; ;', ' ; ', ',', ', ', ';\t', ';;', '&', ' '])),
  'others around': (r, pairs) => ['a=1', ...pairs, 'z="2; 3"'].join('; '),
  order: (r, pairs) => pairs.toSorted(() => r.int(3) - 1).join('; '),
  'a pair twice': (r, pairs) => { const pair = r.pick(pairs); return (r.chance(0.5) ? [pair, ...pairs] : [...pairs, pair]).join('; ') },
  'a pair less': (r, pairs) => { const less = [...pairs]; less.splice(r.int(pairs.length), 1); return less.join('; ') },
  'another value first': (r, pairs, others) => { const at = r.int(pairs.length); return [others[at % others.length], ...pairs].join('; ') },
  'another value last': (r, pairs, others) => { const at = r.int(pairs.length); return [...pairs, others[at % others.length]].join('; ') },
  'a name without value': (r, pairs) => { const name = r.pick(pairs).split('=')[0]; return r.chance(0.5) ? [`${name}=`, ...pairs].join('; ') : [...pairs, name].join('; ') },
  'a name changed': (r, pairs) => pairs.map((pair) => { const [name, ...rest] = pair.split('='); return `${r.chance(0.5) ? name : changed(r, name)[1]}=${rest.join('=')}` }).join('; '),
  'a space in a pair': (r, pairs) => pairs.map((pair) => pair.replace('=', r.pick([' =', '= ', ' = ', '\t=', '=\t', '=" '])) + r.pick(['', ' ', '\t'])).join('; '),
  'a value quoted': (r, pairs) => pairs.map((pair) => pair.replace(/=(.*)/, '="$1"')).join('; '),
  'a chunk of another number': (r, pairs) => { const [name, ...rest] = r.pick(pairs).split('='); const base = name.replace(/\.\d+$/, ''); return [...pairs, `${base}.${r.pick(['0', '1', '2', '00', '01', '-1', '1.5', 'x', ''])}=${rest.join('=').slice(0, r.int(40))}`].join('; ') },
  'a prefix on the name': (r, pairs) => pairs.map((pair) => r.pick(['__Secure-', '__Host-', 'x', '']) + pair).join('; '),
}

/** A Cookie header of these pairs, changed: by its pairs, within a value, or anywhere. others: pairs of somebody else. */
export function changedCookies(r, pairs, others) {
  const which = r.int(3)
  if (which === 0) {
    const name = r.pick(Object.keys(cookieEdits))
    return [name, cookieEdits[name](r, pairs, others)]
  }
  if (which === 2) return changed(r, pairs.join('; '), others.join('; '))
  const at = r.int(pairs.length)
  const [name, ...rest] = pairs[at].split('=')
  const [what, value] = changed(r, rest.join('='), others[at % others.length].split('=').slice(1).join('='))
  return [what, pairs.with(at, `${name}=${value}`).join('; ')]
}

// -------------------------------------------------------------------------- JSON

const VALUES = ['null', 'true', 'false', '0', '-0', '1', '-1', '1.0', '1.5', '1e3', '1E400', '-1e400', '1e-400', '9007199254740993', '18446744073709551616', '01', '+1', '.5', '1.', '0x10', 'NaN', 'Infinity', '-Infinity',
  '""', '" "', '"u-1"', '"u-2"', '"u-1\\u0000"', '"\\u0075-1"', '"\\ud800"', '"\\ud83e\\udd8a"', '"u-1 "', '"\\/"', '"\\x"', '"\t"', '"a\u0301"', '[]', '{}', '["u-1"]', '["u-1","u-2"]', '{"id":"u-1"}', '{"0":"u-1"}', '[[[[]]]]', '"1900000000"', '"2030-03-17T17:46:40Z"', '"2031-01-01"']

/** A time near one of the borders, as a JSON value. */
export function time(r) {
  const seconds = NOW + r.pick([0, 0, 0, 60, -60, 300, -300, 86400, -1209600, -2678400, 2592000]) + r.pick([0, 0, 1, -1, 14, 15, 16, -14, -15, -16, 60, 61])
  return String(seconds) + r.pick(['', '', '', '.0', '.5', '.000001', '.999999', '.9999999999', 'e0', 'e1', 'e-1', '0'])
}

// The name of a member, which may have been changed before.
const unquoted = (name) => {
  try {
    return JSON.parse(name)
  } catch {
    return 'x'
  }
}

const objectEdits = {
  'as it is': () => {},
  value: (r, members, more) => { r.pick(members)[1] = value(r, more) },
  drop: (r, members) => { members.splice(r.int(members.length), 1) },
  'a name twice': (r, members, more) => { const [name, old] = r.pick(members); members.splice(r.int(members.length + 1), 0, [name, r.chance(0.5) ? old : value(r, more)]) },
  'a name escaped': (r, members, more) => { const member = r.pick(members); const name = unquoted(member[0]); const escaped = `"${Array.from(name, (c) => r.chance(0.5) ? c : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`; if (r.chance(0.5)) member[0] = escaped; else members.push([escaped, value(r, more)]) },
  'a name like it': (r, members, more) => { const [name] = r.pick(members); members.push([r.pick([name.toUpperCase(), name.replace(/"$/, ' "'), name.replace(/"$/, '\\u0000"'), name.replace(/^"/, '"\ufeff')]), value(r, more)]) },
  'a name more': (r, members, more) => { members.splice(r.int(members.length + 1), 0, [r.pick(['"__proto__"', '"constructor"', '"toString"', '""', '"exp"', '"nbf"', '"iat"', '"aud"', '"iss"', '"sub"', '"crit"', '"b64"', '"zip"', '"typ"', '"kid"', '"jwk"', '"jku"', '"alg"', '"enc"']), value(r, more)]) },
  wrap: (r, members) => { const member = r.pick(members); member[1] = r.pick([`[${member[1]}]`, `{"0":${member[1]}}`, `[[${member[1]}]]`, JSON.stringify(member[1])]) },
  order: (r, members) => { members.reverse() },
}

const value = (r, more) => r.chance(0.3) ? time(r) : r.pick(VALUES.concat(more))

const textEdits = {
  spaces: (r, text) => text.replace(/[,:{}]/g, (c) => c + r.pick(['', ' ', '\n', '\t', '\r\n'])),
  'spaces that are none': (r, text) => text.replace(/[,:]/, (c) => c + r.pick(['\u00a0', '\v', '\f', '\u2028', '\ufeff'])),
  before: (r, text) => r.pick(['\ufeff', ' ', '\n', '0', '\u00a0', '//\n']) + text,
  behind: (r, text) => text + r.pick([' ', '\n', '}', ']', ',', '{}', '\u00a0', ';', ' x']),
  'a comma more': (r, text) => text.replace(/[,{}]/, (c) => r.chance(0.5) ? `${c},` : `,${c}`),
  'other quotes': (r, text) => text.replaceAll('"', "'"),
  'a comment': (r, text) => text.replace(',', '/**/,'),
  unclosed: (r, text) => text.slice(0, -1),
  'in an array': (r, text) => `[${text}]`,
  'in a text': (r, text) => JSON.stringify(text),
  any: (r, text) => changed(r, text)[1],
}

/** An object as JSON, changed: [names, text]. more: further values, as JSON, that may stand anywhere. */
export function changedJson(r, object, more = []) {
  const members = Object.entries(object).map(([name, member]) => [JSON.stringify(name), JSON.stringify(member)])
  const names = []
  for (let n = r.chance(0.7) ? 1 : 2 + r.int(2); n > 0 && members.length; n--) {
    const name = r.pick(Object.keys(objectEdits))
    names.push(name)
    objectEdits[name](r, members, more)
  }
  let text = `{${members.map((member) => member.join(':')).join(',')}}`
  if (r.chance(0.2)) {
    const name = r.pick(Object.keys(textEdits))
    names.push(name)
    text = textEdits[name](r, text)
  }
  return [`JSON: ${names.join(', ')}`, text]
}
