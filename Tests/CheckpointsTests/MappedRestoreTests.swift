import CheckpointPlans
import CheckpointGraph
import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves what a mapped restore shares with the files, and what it does not.
@Suite struct MappedRestoreTests {
  private let directory: TemporaryDirectory
  private let path: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.path("m")
  }

  private static let dataFile = "m.data-00000-of-00001"

  private func save(alignment: Int = 1) throws {
    var options = SaveOptions()
    options.alignment = alignment
    try Saver(
      [
        "a": Variable<UInt8>([1, 2, 3]), "b": Variable<Float>([4, 5, 6]),
        "c": Variable<String>(["x"]), "d": Variable<Double>([]),
      ], options: options
    ).save(to: path)
  }

  private struct Variables {
    let a = Variable<UInt8>([0, 0, 0])
    let b = Variable<Float>([0, 0, 0])
    let c = Variable<String>([""])
    let d = Variable<Double>([])

    func restore(from path: String, isChecked: Bool = true) throws {
      let options = RestoreOptions(placement: .mapped(isChecked: isChecked))
      try Saver(["a": a, "b": b, "c": c, "d": d]).restore(from: path, options: options)
    }

    var values: String { "\(a.value.array) \(b.value.array) \(c.value.array) \(d.value.array)" }
  }

  // Who writes into the file under a map is seen by those who are views of it.
  private func changeFile(at position: Int) throws {
    let file = try #require(FileHandle(forUpdatingAtPath: directory.path(Self.dataFile)))
    try file.seek(toOffset: UInt64(position))
    try file.write(contentsOf: [0xFF])
    try file.close()
  }

  @Test(arguments: [false, true], [1, 4, 64])
  func `restores everything`(isChecked: Bool, alignment: Int) throws {
    try save(alignment: alignment)
    let variables = Variables()
    try variables.restore(from: path, isChecked: isChecked)
    #expect(variables.values == #"[1, 2, 3] [4.0, 5.0, 6.0] ["x"] []"#)
  }

  @Test func `maps what is aligned, and reads what is not`() throws {
    try save()  // b begins at byte 3
    let plain = Variables()
    try plain.restore(from: path)
    try changeFile(at: 0)
    try changeFile(at: 3)
    #expect(plain.values == #"[255, 2, 3] [4.0, 5.0, 6.0] ["x"] []"#)

    for name in directory.names {
      try FileManager.default.removeItem(atPath: directory.path(name))
    }
    try save(alignment: 4)
    let aligned = Variables()
    try aligned.restore(from: path)
    try changeFile(at: 7)
    #expect(aligned.b.value.array[0] != 4)
  }

  @Test func `copies a value when it is changed, and leaves the file alone`() throws {
    try save(alignment: 4)
    let before = try directory.bytes(Self.dataFile)
    let variables = Variables()
    try variables.restore(from: path)
    variables.b.value[0] = 9
    variables.a.withMutableScalars { $0[2] = 8 }
    #expect(variables.values == #"[1, 2, 8] [9.0, 5.0, 6.0] ["x"] []"#)
    #expect(try directory.bytes(Self.dataFile) == before)
    try changeFile(at: 0)
    #expect(variables.a.value.array == [1, 2, 8])
  }

  @Test func `keeps the values when the checkpoint is replaced or removed`() throws {
    try save(alignment: 4)
    let variables = Variables()
    try variables.restore(from: path)
    let other = Variable<Float>([0])
    try Saver(["b": other]).save(to: path)
    for name in directory.names {
      try FileManager.default.removeItem(atPath: directory.path(name))
    }
    #expect(variables.values == #"[1, 2, 3] [4.0, 5.0, 6.0] ["x"] []"#)
  }

  @Test func `can be saved again, in the same place too`() throws {
    try save(alignment: 4)
    let variables = Variables()
    try variables.restore(from: path)
    try Saver(["b": variables.b, "a": variables.a]).save(to: path)
    let again = Variable<Float>([0, 0, 0])
    try Saver(["b": again]).restore(from: path)
    #expect(again.value.array == [4, 5, 6])
  }

  @Test func `fills its own memory after a mapped restore`() throws {
    try save(alignment: 4)
    let variables = Variables()
    try variables.restore(from: path)
    let copy = variables.b.value
    try save(alignment: 4)
    let options = RestoreOptions(placement: .inPlace)
    try Saver(["b": variables.b]).restore(from: path, options: options)
    #expect(variables.b.value.array == [4, 5, 6] && copy.array == [4, 5, 6])
  }

  @Test func `notices damage only if checksums are compared`() throws {
    try save(alignment: 4)
    try changeFile(at: 4)
    let variables = Variables()
    let error = #expect(throws: CheckpointError.self) { try variables.restore(from: path) }
    #expect(error?.code == .corrupt && error?.key == "b" && error?.offset == 4)
    #expect(variables.values == #"[0, 0, 0] [0.0, 0.0, 0.0] [""] []"#, "nothing has changed")
    try variables.restore(from: path, isChecked: false)
    #expect(variables.b.value.array[1...] == [5, 6])
    try changeFile(at: 16)  // of the string, which is read
    let unchecked = #expect(throws: CheckpointError.self) {
      try variables.restore(from: path, isChecked: false)
    }
    #expect(unchecked?.code == .corrupt && unchecked?.key == "c")
  }

  @Test func `refuses a data file that is too short`() throws {
    try save(alignment: 4)
    try directory.write(try directory.bytes(Self.dataFile).prefix(10), to: Self.dataFile)
    let error = #expect(throws: CheckpointError.self) {
      let reader = try BundleReader(prefix: path)
      _ = try reader.mappedTensors(for: [TensorRequest("b")], isChecked: false)
    }
    #expect(error?.code == .truncated && error?.key == "b")
  }
}
