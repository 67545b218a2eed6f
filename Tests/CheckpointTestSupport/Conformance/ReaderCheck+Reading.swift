import CheckpointIO
import CheckpointTensors

extension ReaderCheck {
  // MARK: Whole tensors

  func checkReading() {
    for key in shuffled(model.keys, 3) {
      guard let tensor = model[key] else { continue }
      expectPart(key, nil, of: tensor)
      let whole = attempt("tensor(for: '\(key)')") { () throws(CheckpointError) in
        try reader.tensor(for: key)
      }
      expectSame(whole, tensor, "tensor(for: '\(key)')")
    }
  }

  /// Reads a part in both ways, which both give what the model has; `nil` stands for everything.
  private func expectPart(_ key: TensorKey, _ slice: TensorSlice?, of tensor: AnyTensor) {
    expectPart(key, slice, of: tensor.spec, TensorModel.part(slice, of: tensor))
  }

  private func expectPart(
    _ key: TensorKey, _ slice: TensorSlice?, of spec: TensorSpec, _ part: AnyTensor?
  ) {
    // Made only if something is wrong: there are many parts.
    func what() -> String { "'\(key)', \(spec), slice \(slice?.description ?? "nil")" }
    guard let part else { return expectRefused(key, slice, what) }
    let found = attempt("tensor of \(what())") { () throws(CheckpointError) in
      try reader.tensor(for: key, slice: slice)
    }
    expectSame(found, part, "tensor of \(what())")
    let expected = TensorModel.bytes(of: part)
    guard part.storage != nil else {
      expectError(.mismatch, "read of \(what()), whose elements have no fixed width") {
        () throws(CheckpointError) in
        _ = try bytes(key, slice, count: expected.count)
      }
      return
    }
    let read = attempt("read of \(what())") { () throws(CheckpointError) in
      try bytes(key, slice, count: expected.count)
    }
    if let read { expect(read == expected, "read of \(what()): has other values") }
    for count in [expected.count + 1, expected.count - 1, 0]
    where count >= 0 && count != expected.count {
      expectError(.mismatch, "read of \(what()) into \(count) bytes, not \(expected.count)") {
        () throws(CheckpointError) in
        _ = try bytes(key, slice, count: count)
      }
    }
  }

  private func expectRefused(_ key: TensorKey, _ slice: TensorSlice?, _ what: () -> String) {
    expectError(.mismatch, "tensor of \(what()), which leaves it") { () throws(CheckpointError) in
      _ = try reader.tensor(for: key, slice: slice)
    }
    for count in [0, 8] {
      expectError(.mismatch, "read of \(what()), which leaves it") { () throws(CheckpointError) in
        _ = try bytes(key, slice, count: count)
      }
    }
  }

  // MARK: Parts

  // All kinds of slices; in a sample of the first tensor of each shape and width and of those in parts, and a few of
  // every other one.
  func checkSlices() {
    var random = SeededGenerator(seed: seed &+ 7)
    var seen: Set<TensorSpec> = []
    for key in shuffled(model.keys, 4) {
      guard let tensor = model[key] else { continue }
      let (spec, bytes) = (tensor.spec, TensorModel.bytes(of: tensor))
      let width = spec.dtype.byteWidth ?? 0
      let kind = DType.allCases.first { $0.byteWidth ?? 0 == width } ?? spec.dtype
      let all = slices(of: spec.shape)
      let isFirst = seen.insert(TensorSpec(kind, spec.shape)).inserted
      let isInParts = (try? reader.entry(for: key))?.slices.isEmpty == false
      for slice in isFirst || isInParts || TestCases.areAll
        ? all : Array(all.shuffled(using: &random).prefix(4))
      {
        expectPart(key, slice, of: spec, TensorModel.part(slice, of: tensor, bytes))
      }
    }
  }

  /// Slices of every kind, those included that leave the shape.
  func slices(of shape: TensorShape) -> [TensorSlice] {
    let dimensions = shape.dimensions
    var random = SeededGenerator(seed: seed &+ UInt64(shape.elementCount))
    var slices = [
      TensorSlice.all(rank: shape.rank), TensorSlice.all(rank: shape.rank + 1),
      TensorSlice(dimensions.map { .range(start: 0, length: $0) }),
      TensorSlice(dimensions.map { _ in .range(start: 0, length: 1) }),
      TensorSlice(dimensions.map { .range(start: $0 - 1, length: 1) }),
    ]
    if shape.rank > 0 { slices.append(.all(rank: shape.rank - 1)) }
    for axis in dimensions.indices {
      for extent in extents(of: dimensions[axis]) {
        var slice = TensorSlice.all(rank: shape.rank)
        slice.extents[axis] = extent
        slices.append(slice)
      }
    }
    for _ in 0..<6 {
      slices.append(TensorSlice(dimensions.map { randomExtent(of: $0, &random) }))
    }
    return slices
  }

  // Of one dimension: the ends, what is empty, what leaves it.
  private func extents(of dimension: Int) -> [TensorSlice.Extent] {
    [
      .range(start: 0, length: 1), .range(start: dimension - 1, length: 1),
      .range(start: dimension / 2, length: max(1, dimension / 3)), .range(start: 0, length: 0),
      .range(start: dimension, length: 0), .range(start: dimension, length: 1),
      .range(start: 0, length: dimension + 1), .range(start: 1, length: dimension),
      .range(start: -1, length: 1), .range(start: 0, length: -1), .range(start: 1, length: .max),
      .range(start: .max, length: 1), .range(start: .min, length: 1),
      .range(start: .max, length: .max),
    ]
  }

  private func randomExtent(of dimension: Int, _ random: inout SeededGenerator)
    -> TensorSlice.Extent
  {
    guard dimension > 0, Int.random(in: 0..<4, using: &random) > 0 else { return .full }
    let start = Int.random(in: 0..<dimension, using: &random)
    return .range(start: start, length: Int.random(in: 1...dimension - start, using: &random))
  }

  // MARK: Pieces, and files that were closed

  func checkPieces() {
    for key in model.keys {
      guard let tensor = model[key], tensor.storage != nil else { continue }
      var bytes: [UInt8] = []
      let isWhole: Void? = attempt("forEachPiece(of: '\(key)')") { () throws(CheckpointError) in
        try reader.forEachPiece(of: key) { piece in
          unsafe piece.withUnsafeBytes { piece in unsafe bytes += Array(piece) }
        }
      }
      guard isWhole != nil else { continue }
      expect(bytes == littleEndian(tensor), "forEachPiece(of: '\(key)'): has other values")
      if !bytes.isEmpty { checkPieceStop(key) }
    }
  }

  private func checkPieceStop(_ key: TensorKey) {
    var count = 0
    expectError(.cancelled, "forEachPiece(of: '\(key)') with a body that throws") {
      () throws(CheckpointError) in
      try reader.forEachPiece(of: key) { _ throws(CheckpointError) in
        count += 1
        throw CheckpointError(.cancelled, "enough")
      }
    }
    expect(count == 1, "forEachPiece(of: '\(key)'): goes on after an error")
  }

  private func littleEndian(_ tensor: AnyTensor) -> [UInt8] {
    let width = tensor.spec.dtype.byteOrderWidth ?? 1
    let bytes = TensorModel.bytes(of: tensor)
    guard 1.littleEndian != 1 else { return bytes }
    return stride(from: 0, to: bytes.count, by: width).flatMap { bytes[$0..<$0 + width].reversed() }
  }

  func checkClosing() {
    for keepsChecksum in [false, true] {
      reader.closeFilesIfAny(keepsChecksum: keepsChecksum)
      let change = attempt("changeIfAny()") { () throws(CheckpointError) in try reader.changeIfAny()
      }
      if let found = change.flatMap({ $0 }) {
        findings.note("changeIfAny(): says that the checkpoint is \(found)")
      }
      guard let key = model.keys.last, let tensor = model[key] else { return }
      expectPart(key, nil, of: tensor)
    }
  }
}
