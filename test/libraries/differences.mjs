// What session_auth accepts and a library refuses, or reads as another user, with the reason, as
// docs/reliability.md shows it. Whatever is not here is a failure. `normal` makes of an input what the library must
// accept as that very user; `ask` names another question of the party, which must answer so; `holds` judges the answers by themselves.
const pairs = (change) => (header) => header.split(';').map((pair) => {
  const [name, ...rest] = pair.split('=')
  return rest.length ? change(name, rest.join('=')) : pair
}).filter((pair) => pair !== null).join(';')
const trim = (text) => text.replace(/^[ \t]+|[ \t]+$/g, '')

export const differences = [
  {
    party: /^(next-auth 5|better-auth|Rails|Laravel)/,
    reason: "Spaces around a cookie's name and value, and quotes around its value, are taken off for every framework, as RFC 6265 has them; some libraries do not",
    normal: pairs((name, value) => `${trim(name)}=${trim(value).replace(/^"(.*)"$/, '$1')}`),
  },
  {
    party: /^better-auth/,
    reason: 'A cache of the session that does not hold is passed over beside a signed token whose session has its row; better-auth takes the cache away and answers nobody to this one request, and the user to the next',
    normal: pairs((name, value) => /^[ \t]*(__Secure-)?better-auth\.session_data/.test(name) ? null : `${name}=${value}`),
  },
  {
    party: /^better-auth/,
    reason: 'The names that begin with __Secure- are looked for as well; better-auth looks for the one that its configuration makes',
    normal: pairs((name, value) => `${name.replace('__Secure-', '')}=${value}`),
  },
  {
    party: /^better-auth/,
    reason: 'Of a cache that the secret proves, what says who and until when is read; better-auth refuses one in which another member is not of the type that its schema has, or is a time in another writing than its own',
    ask: 'askMended',
  },
  {
    party: /^next-auth 5/,
    reason: 'A token that names no key (kid) is tried with every secret that is set up; Auth.js tries the first of its list',
    ask: 'askEach',
  },
  {
    party: /^Django signed_cookies/,
    reason: 'JSON is UTF-8; Django reads what it signed as Latin-1, and writes nothing but ASCII itself',
    holds: (theirs, our) => Buffer.from(our).toString('latin1') === theirs,
  },
  {
    party: /^(jose|next-auth|better-auth)/,
    reason: 'A user that is a whole number beyond 2^53 is read as it is written; JavaScript rounds it',
    holds: (theirs, our) => theirs !== null && /^-?\d+$/.test(our) && !Number.isSafeInteger(Number(our)) && String(Number(our)) === theirs,
  },
]
