import CheckpointIO
import CheckpointTensors
internal import Foundation

extension WriterCheck {
  // MARK: Data files

  func checkShards() {
    _ = note.attempt("a save to data files") { () throws(CheckpointError) in
      guard var writer = try make("shards") as? any ShardedTensorWriter else { return }
      let files = writer.files
      for shard in [-1, 100_000] {
        note.expectError(.invalidArgument, "data file \(shard)") { () throws(CheckpointError) in
          try writer.add(Tensor<Float>(1), for: "none", part: nil, shard: shard)
        }
      }
      for (key, tensor) in model.tensors { try writer.add(tensor, for: key) }
      try writer.finish()
      expect(!files.isEmpty, "there are no files")
      for file in files {
        expect(FileManager.default.fileExists(atPath: file), "there is no \(file) after finish()")
      }
    }
    if isThere("shards") { checkReader("shards", "a save to data files") }
  }

  // MARK: Parts

  private static let whole = TensorModel.sample([.float32, .int64]).tensors.first {
    $0.value.spec.shape == [40, 3]
  }?.value

  private static let tiles: [TensorSlice] = [
    TensorSlice([.range(start: 0, length: 7), .full]),
    TensorSlice([.range(start: 7, length: 33), .range(start: 1, length: 2)]),
    TensorSlice([.range(start: 7, length: 33), .range(start: 0, length: 1)]),
  ]

  private func addPart(
    _ slice: TensorSlice, _ key: TensorKey, of whole: AnyTensor, _ writer: inout any TensorWriter
  ) throws(CheckpointError) {
    guard let part = TensorModel.part(slice, of: whole) else { return }
    let spec = try TensorSlice.Part(fullShape: whole.spec.shape, slice: slice)
    try writer.add(part, for: key, part: spec)
  }

  func checkParts() {
    guard let whole = Self.whole else { return findings.note("there is nothing to cut") }
    let partitioned = model.adding(["parts": whole, "one": whole])
    _ = note.attempt("a save in parts") { () throws(CheckpointError) in
      var writer = try make("parts")
      for slice in note.shuffled(Self.tiles, 13) { try addPart(slice, "parts", of: whole, &writer) }
      note.expectError(.duplicateName, "a part that was added") { () throws(CheckpointError) in
        try addPart(Self.tiles[1], "parts", of: whole, &writer)
      }
      note.expectError(.duplicateName, "a tensor whose parts were added") {
        () throws(CheckpointError) in
        try writer.add(whole, for: "parts")
      }
      try add(note.shuffled(model.keys, 14), to: &writer)
      try addPart(.all(rank: 2), "one", of: whole, &writer)
      note.expectError(.duplicateName, "a part of a tensor that was added") {
        () throws(CheckpointError) in
        try addPart(Self.tiles[0], "one", of: whole, &writer)
      }
      try writer.finish()
    }
    checkReader("parts", "a save in parts", holds: partitioned, wholly: true)
  }

  func checkWrongParts() {
    guard let whole = Self.whole else { return }
    let other = TensorModel.tensor(
      TensorSpec(.uint8, whole.spec.shape), Array(repeating: [1], count: 120))
    let larger = TensorModel.tensor(
      TensorSpec(whole.spec.dtype, [41, 3]),
      Array(
        repeating: TensorModel.elements(of: whole)[0], count: 123))
    _ = note.attempt("a save in wrong parts") { () throws(CheckpointError) in
      var writer = try make("wrong")
      try addPart(Self.tiles[0], "parts", of: whole, &writer)
      for (wrong, what) in [(other, "another dtype"), (larger, "another shape")] {
        note.expectError(.mismatch, "a part of \(what)") { () throws(CheckpointError) in
          try addPart(Self.tiles[2], "parts", of: wrong, &writer)
        }
      }
      let spec = try TensorSlice.Part(fullShape: [40, 3], slice: Self.tiles[2])
      note.expectError(.mismatch, "a part with another shape than its slice") {
        () throws(CheckpointError) in
        try writer.add(whole, for: "parts", part: spec)
      }
      let overlap = TensorSlice([.range(start: 6, length: 2), .full])
      note.expectError(.mismatch, "parts that overlap") { () throws(CheckpointError) in
        try addPart(overlap, "parts", of: whole, &writer)
        try writer.finish()
      }
    }
    expect(!isThere("wrong"), "a checkpoint of parts that overlap is there")
  }
}
