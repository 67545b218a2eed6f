/// The digest that fixtures are described with.
///
/// Source: FIPS 180-4.
package struct SHA256 {
  private var state: [UInt32] = [
    0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A,
    0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19,
  ]
  private var waiting: [UInt8] = []  // less than a block
  private var count: UInt64 = 0
  private var w = [UInt32](repeating: 0, count: 64)

  package init() {}

  /// The digest of some bytes, as 64 hexadecimal digits.
  package static func digest(of bytes: some Sequence<UInt8>) -> String {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finish()
  }

  /// Continues with more bytes.
  package mutating func update(_ bytes: some Sequence<UInt8>) {
    let known = waiting.count
    waiting += bytes
    count &+= UInt64(waiting.count - known)
    var start = 0
    while waiting.count - start >= 64 {
      compress(at: start)
      start += 64
    }
    waiting.removeFirst(start)
  }

  /// The digest of everything.
  package mutating func finish() -> String {
    let bitCount = count &* 8
    update([0x80])
    while waiting.count != 56 { update([0]) }
    update((0..<8).reversed().map { UInt8(truncatingIfNeeded: bitCount >> (8 * UInt64($0))) })
    return state.map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  // Written for builds without optimization, in which tests run: no closures, and no arrays made on the way.
  private mutating func compress(at start: Int) {
    var place = start
    for i in 0..<16 {
      w[i] =
        UInt32(waiting[place]) << 24 | UInt32(waiting[place + 1]) << 16
        | UInt32(waiting[place + 2]) << 8 | UInt32(waiting[place + 3])
      place += 4
    }
    for i in 16..<64 {
      let (x, y) = (w[i - 15], w[i - 2])
      let a = (x >> 7 | x << 25) ^ (x >> 18 | x << 14) ^ (x >> 3)
      let b = (y >> 17 | y << 15) ^ (y >> 19 | y << 13) ^ (y >> 10)
      w[i] = w[i - 16] &+ a &+ w[i - 7] &+ b
    }
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    for i in 0..<64 {
      let s1 = (e >> 6 | e << 26) ^ (e >> 11 | e << 21) ^ (e >> 25 | e << 7)
      let t1 = h &+ s1 &+ ((e & f) ^ (~e & g)) &+ Self.constants[i] &+ w[i]
      let s0 = (a >> 2 | a << 30) ^ (a >> 13 | a << 19) ^ (a >> 22 | a << 10)
      let t2 = s0 &+ ((a & b) ^ (a & c) ^ (b & c))
      (h, g, f, e) = (g, f, e, d &+ t1)
      (d, c, b, a) = (c, b, a, t1 &+ t2)
    }
    state[0] &+= a
    state[1] &+= b
    state[2] &+= c
    state[3] &+= d
    state[4] &+= e
    state[5] &+= f
    state[6] &+= g
    state[7] &+= h
  }

  // The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
  private static let constants: [UInt32] = primes(64).map { prime in
    fraction(ofCubeRoot: prime)
  }

  private static func primes(_ count: Int) -> [UInt64] {
    var primes: [UInt64] = []
    var candidate: UInt64 = 2
    while primes.count < count {
      if primes.allSatisfy({ candidate % $0 != 0 }) { primes.append(candidate) }
      candidate += 1
    }
    return primes
  }

  // floor(cbrt(n) * 2^32) mod 2^32, by bisection in 128-bit integers.
  private static func fraction(ofCubeRoot n: UInt64) -> UInt32 {
    var (low, high) = (UInt128(0), UInt128(1) << 36)
    let target = UInt128(n) << 96
    while high - low > 1 {
      let middle = (low + high) / 2
      if middle * middle * middle <= target { low = middle } else { high = middle }
    }
    return UInt32(truncatingIfNeeded: low)
  }
}
