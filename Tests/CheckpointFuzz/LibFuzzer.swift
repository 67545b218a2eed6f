import CheckpointFuzzTargets

/// libFuzzer, which comes with the compiler.
enum LibFuzzer {
  /// What is tried.
  ///
  /// It is set before libFuzzer begins, and there is one thread.
  nonisolated(unsafe) static var target: FuzzTarget?

  /// Lets libFuzzer try inputs until it finds something, or comes to the end of what its arguments say.
  static func run(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>
  ) -> CInt {
    unsafe runDriver(count, arguments, tryInput)
  }
}

/// libFuzzer's main program.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ tryInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// What libFuzzer calls with every input.
@_cdecl("LLVMFuzzerTestOneInput")
public func tryInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  guard let target = unsafe LibFuzzer.target, bytes.count <= target.mostBytes else { return -1 }
  if let fault = target.brokenPromise(by: bytes) { fatalError("\(target.name): \(fault)") }
  return 0
}
