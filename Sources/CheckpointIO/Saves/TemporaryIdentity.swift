/// What tells a file from others: its number, which a file system gives to another one once it is gone,
/// and its size.
struct TemporaryIdentity: Equatable {
  let number: [UInt64]
  let byteCount: UInt64
}
