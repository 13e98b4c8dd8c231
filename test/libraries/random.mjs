// Choices that a seed repeats, on every machine.

/** The generator sfc32, begun by a seed. */
export class Random {
  constructor(seed) {
    this.state = [seed | 0, (seed / 2 ** 32) | 0, 0x9e3779b9 | 0, 1]
    for (let i = 0; i < 20; i++) this.next()
  }

  next() {
    let [a, b, c, counter] = this.state
    const sum = (a + b + counter) | 0
    this.state = [b ^ (b >>> 9), (c + (c << 3)) | 0, (((c << 21) | (c >>> 11)) + sum) | 0, (counter + 1) | 0]
    return sum >>> 0
  }

  /** A whole number from 0 to n - 1. */
  int(n) {
    return this.next() % n
  }

  chance(p) {
    return this.next() < p * 2 ** 32
  }

  pick(choices) {
    return choices[this.int(choices.length)]
  }

  bytes(n) {
    return Buffer.from(Array.from({ length: n }, () => this.int(256)))
  }

  text(n) {
    return this.bytes(n).toString('hex').slice(0, n)
  }
}
