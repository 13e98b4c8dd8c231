// The instant at which all is judged: JavaScript's clock stands there, the server's and the other languages' too.
export const NOW = 1900000000

const Real = Date
globalThis.Date = class extends Real {
  constructor(...when) {
    super(...(when.length ? when : [NOW * 1000]))
  }

  static now() {
    return NOW * 1000
  }
}
