import CheckpointIO
import CheckpointTensors
import Testing

/// Two floats that lie at multiples of eight bytes.
private struct Pair: TensorScalar, BitwiseCopyable, Equatable {
  var values: SIMD2<Float>

  static var dtype: DType { .complex64 }

  init(_ real: Float, _ imaginary: Float) { values = SIMD2(real, imaginary) }
}

@Suite struct TensorTests {
  @Test func `indexes in row-major order`() {
    var tensor = Tensor<Int32>(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6])
    #expect(tensor[1, 0] == 4)
    tensor[0, 2] = 30
    #expect(tensor.array == [1, 2, 30, 4, 5, 6])
  }

  @Test func `keeps the values of a copy when it is changed`() throws {
    var tensor = Tensor<Float>([1, 2, 3])
    let copy = tensor
    let snapshot = tensor.tensorSnapshot()
    tensor[0] = 9
    #expect(copy.array == [1, 2, 3])
    #expect(try Tensor<Float>(snapshot).array == [1, 2, 3])
    #expect(tensor.array == [9, 2, 3])
  }

  @Test func `keeps strings through copies and changes`() throws {
    var names = Tensor<String>(["a", "é", "a string that is longer than what fits inline"])
    let copy = names
    names[1] = "b"
    #expect(copy[1] == "é")
    #expect(try Tensor<String>(AnyTensor(names)) == names)
  }

  @Test func `is equal to another tensor byte by byte`() throws {
    let numbers = AnyTensor(Tensor<Float>([1, .nan, 0]))
    #expect(numbers == AnyTensor(Tensor<Float>([1, .nan, 0])))
    #expect(numbers != AnyTensor(Tensor<Float>([1, .nan, -0.0])))
    #expect(try numbers != numbers.reshaped(to: [3, 1]))
    #expect(AnyTensor(Tensor<Int32>([1])) != AnyTensor(Tensor<UInt32>([1])))
    #expect(AnyTensor(Tensor(["a", "é"])) == AnyTensor(Tensor(["a", "é"])))
    #expect(AnyTensor(Tensor(["é"])) != AnyTensor(Tensor(["e\u{301}"])))
    #expect(AnyTensor(Tensor<Float>([])) == AnyTensor(Tensor<Float>([])))
  }

  @Test func `every element and every byte counts when tensors are compared`() {
    for count in [1, 7, 8, 255, 256, 257, 1_000] {
      let tensor = Tensor<Float>(repeating: 1, shape: [count])
      for index in [0, count / 2, count - 1] {
        var other = Tensor<Float>(repeating: 1, shape: [count])
        #expect(tensor == other && AnyTensor(tensor) == AnyTensor(other))
        other[index] = 2
        #expect(tensor != other && AnyTensor(tensor) != AnyTensor(other), "\(index) of \(count)")
      }
      let bytes = Tensor<UInt8>(repeating: 1, shape: [count])
      var other = bytes
      other[count - 1] = 2
      #expect(bytes != other && AnyTensor(bytes) != AnyTensor(other), "\(count) bytes")
    }
    #expect(Tensor<Float>([.nan]) != Tensor<Float>([.nan]))
    #expect(Tensor<Float>([0]) == Tensor<Float>([-0.0]))
    #expect(Tensor<Float>([1, 2]) != Tensor(shape: [2, 1], scalars: [1, 2]))
  }

  @Test func `has elements in any number of dimensions`() {
    var deep = Tensor<Int64>(shape: [2, 1, 3, 1, 2], scalars: Array(0..<12))
    #expect(deep[1, 0, 2, 0, 1] == 11)
    deep[0, 0, 1, 0, 0] = 20
    #expect(deep.array == [0, 1, 20, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    var scalar = Tensor<Int64>(7)
    scalar[] += 1
    #expect(scalar[] == 8)
    var names = Tensor<String>(repeating: "a string that is longer than what fits", shape: [2, 2])
    names[1, 0] = "b"
    #expect(names.array.map(\.count) == [38, 38, 1, 38])
    #expect(Tensor<String>(repeating: "", shape: [0]).array == [])
  }

  @Test func `an index that leaves the shape ends the program`() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>(repeating: 0, shape: [2, 3])[0, 3]
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>(repeating: 0, shape: [2, 3])[1]
    }
    await #expect(processExitsWith: .failure) {
      var tensor = Tensor<Float>(repeating: 0, shape: [6])
      tensor[6] = 1
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>(repeating: 0, shape: [6])[-1]
    }
  }

  @Test func `a type that asks for more alignment than its dtype gets it`() throws {
    let whole = TensorStorage(uninitializedByteCount: 24)
    try whole.withMutableBytes { bytes in
      for index in 0..<6 {
        bytes.storeBytes(of: Float(index), toByteOffset: 4 * index, as: Float.self)
      }
    }
    let part = TensorStorage(part: 4..<20, of: whole)
    let tensor = try AnyTensor(TensorSpec(.complex64, [2]), .bytes(part))
    #expect(try Tensor<Pair>(tensor).array == [Pair(1, 2), Pair(3, 4)])
  }

  @Test func `refuses another dtype`() {
    let error = #expect(throws: CheckpointError.self) {
      try Tensor<Double>(AnyTensor(Tensor<Float>([1])))
    }
    #expect(error?.description == "the tensor is float32, not float64 (mismatch)")
  }

  @Test func `reads strings that are no text as bytes only`() throws {
    let tensor = AnyTensor(Tensor<[UInt8]>([[0xFF], []]))
    #expect(try Tensor<[UInt8]>(tensor).array == [[0xFF], []])
    let error = #expect(throws: CheckpointError.self) { try Tensor<String>(tensor) }
    #expect(error?.message == "element 0 is not UTF-8 text; read it as Tensor<[UInt8]>")
  }

  @Test func `takes every byte but 0 for true`() throws {
    let bytes: [UInt8] = [0, 1, 2, 255]
    let tensor = unsafe try AnyTensor(TensorSpec(.bool, [4]), bytes: bytes.span.bytes)
    #expect(try Tensor<Bool>(tensor).array == [false, true, true, true])
  }

  @Test(
    arguments: [
      (1.0, 0x3F80), (-2.5, 0xC020), (.infinity, 0x7F80), (3.3895314e38, 0x7F7F),
      (3.4028235e38, 0x7F80), (1.00390625, 0x3F80), (1.01171875, 0x3F82), (0, 0), (-0.0, 0x8000),
    ] as [(Float, UInt16)])
  func `rounds to the nearest bfloat16, ties to even`(value: Float, bits: UInt16) {
    #expect(BFloat16(value).bitPattern == bits)
  }

  @Test func `keeps a bfloat16 that is no number`() {
    #expect(Float(BFloat16(.nan)).isNaN)
    #expect(Float(BFloat16(Float(bitPattern: 0x7F80_0001))).isNaN)
  }

  @Test func `aligns memory for vector instructions`() {
    for count in [1, 100, 3 << 20] {
      let storage = TensorStorage(uninitializedByteCount: count)
      let address = unsafe storage.bytes.withUnsafeBytes { Int(bitPattern: $0.baseAddress) }
      #expect(address % 64 == 0)
    }
  }

  private func error(_ body: () throws -> Void) -> CheckpointError? {
    #expect(throws: CheckpointError.self) { try body() }
  }

  @Test func `strings have no bytes of a fixed width`() {
    let strings = Tensor<String>(["a"])
    #expect(error { try strings.withTensorBytes { _ in } }?.code == .unsupported)
    let any = error { try AnyTensor(strings).withTensorBytes { _ in } }
    #expect(any?.code == .unsupported)
    #expect(any?.message == "string elements have no fixed width")
  }

  @Test func `no type takes contents of another form, or of another size`() {
    let three = TensorContents.bytes(TensorStorage(uninitializedByteCount: 3))
    let texts = TensorContents.strings([[1], [2]])
    for (what, attempt) in [
      ("float32", { _ = try Float.form.storage(texts, 2) }),
      ("float32", { _ = try Float.form.storage(three, 1) }),
      ("bool", { _ = try Bool.form.storage(texts, 2) }),
      ("bool", { _ = try Bool.form.storage(three, 4) }),
      ("string", { _ = try String.form.storage(three, 3) }),
      ("string", { _ = try String.form.storage(texts, 3) }),
      ("string", { _ = try [UInt8].form.storage(three, 3) }),
      ("string", { _ = try [UInt8].form.storage(texts, 1) }),
    ] as [(String, () throws -> Void)] {
      let refusal = error(attempt)
      #expect(refusal?.code == .mismatch)
      #expect(refusal?.message.hasPrefix("these are not the contents of ") == true)
      #expect(refusal?.message.hasSuffix(" elements of \(what)") == true)
    }
  }

  @Test func `numbers are no elements of a tensor of strings`() {
    let tensor = AnyTensor(Tensor<Float>([1, 2]))
    let refusal = error { _ = try tensor.elements(TensorSpec(.string, [1])) { $0(0, 0, 1) } }
    #expect(refusal?.message == "a tensor string[1] cannot be held in memory")
  }
}
