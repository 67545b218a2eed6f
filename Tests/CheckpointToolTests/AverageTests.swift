import CheckpointBundle
import CheckpointGraph
import CheckpointSafetensors
import CheckpointSlices
import CheckpointStore
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves what `average` writes, and what it refuses.
@Suite struct AverageTests {
  private let directory: TemporaryDirectory
  private var out: String { directory.path("out") }

  init() throws { directory = try TemporaryDirectory("average") }

  private func save(_ name: String, _ tensors: [(String, AnyTensor)]) throws -> String {
    try directory.save(tensors, to: name)
  }

  private func read(_ name: String, at path: String? = nil) throws -> [Float] {
    try Tensor<Float>(CheckpointReader(path ?? out).tensor(for: TensorKey(name))).array
  }

  @Test func `numbers are averaged, and all else is that of the last one`() throws {
    let first = try save(
      "a", [("step", AnyTensor(Tensor<Int64>(10))), ("w", floats(1, 2, .infinity))])
    let second = try save(
      "b", [("step", AnyTensor(Tensor<Int64>(20))), ("w", floats(3, 2, .infinity))])
    let run = try ToolRun.checkpoint("average", out, first, second)
    #expect(run.status == 0)
    #expect(run.output == "\(out) is written: V2, 2 tensors, 20 B\n")
    #expect(
      run.errors
        == "checkpoint: note: 'step' is no floating-point number, and is taken from '\(second)'\n")
    #expect(try read("w") == [2, 2, .infinity])
    #expect(try Tensor<Int64>(CheckpointReader(out).tensor(for: "step")).array == [20])
  }

  // TensorFlow writes the pairs of a table in any order.
  @Test func `a table is that of the last one`() throws {
    func save(_ name: String, _ pairs: [(String, Float)], _ weight: Float) throws -> String {
      let keys = try AnyTensor(
        TensorSpec(.string, [pairs.count]), .strings(pairs.map { Array($0.0.utf8) }))
      return try self.save(
        name,
        [
          ("t/.ATTRIBUTES/table-keys", keys),
          ("t/.ATTRIBUTES/table-values", AnyTensor(Tensor<Float>(pairs.map(\.1)))),
          ("w-keys", floats(weight)),
          // An é of one character, and one of two: no table.
          ("caf\u{E9}-keys", AnyTensor(Tensor<Int32>([1]))),
          ("cafe\u{301}-values", floats(weight)),
          ("w-values", floats(weight)),
        ])
    }
    let first = try save("a", [("dog", 100), ("cat", 1), ("emu", 7)], 1)
    let second = try save("b", [("cat", 1), ("dog", 100)], 3)
    let run = try ToolRun.checkpoint("average", out, first, second)
    #expect(run.status == 0)
    #expect(run.errors.contains("3 tensors are of tables, or no floating-point numbers, and are"))
    #expect(try read("t/.ATTRIBUTES/table-values") == [1, 100])
    #expect(try read("w-values") == [2])
    #expect(try read("cafe\u{301}-values") == [2])
  }

  @Test func `the latest of Keras' numbered files are averaged`() throws {
    for number in [2, 9, 10] {
      _ = try save(
        "run/cp-00\(number < 10 ? "0" : "")\(number).ckpt", [("w", floats(Float(number)))])
    }
    let run = try ToolRun.checkpoint("average", "--last", "2", out, directory.path("run"))
    #expect(run.status == 0, "\(run.errors)")
    #expect(try read("w") == [9.5])
  }

  @Test func `with a decay the last one weighs most`() throws {
    let paths = try (0..<3).map { try save("m\($0)", [("w", floats(Float($0)))]) }
    let run = try ToolRun.checkpoint(
      "average", "--decay", "0.5", out, paths[0], paths[1], paths[2])
    #expect(run.status == 0)
    // (0.25 * 0 + 0.5 * 1 + 1 * 2) / 1.75
    #expect(try read("w") == [Float(2.5 / 1.75)])
  }

  @Test func `the same checkpoint twice is itself, in all types and formats`() throws {
    for prefix in ["dtypes/all", "worked/sliced", "bigendian/all", "object/nested-1", "v1/dtypes"] {
      let source = ToolRun.fixture(prefix)
      let path = directory.path(prefix.replacing("/", with: "-"))
      let run = try ToolRun.checkpoint("average", path, source, source, source)
      #expect(run.status == 0, "\(run.errors)")
      let diff = try ToolRun.checkpoint("diff", source, path)
      // Any NaN becomes the usual one.
      let lines = diff.output.split(separator: "\n").filter {
        $0.hasPrefix("~") && !$0.contains("float8")
      }
      #expect(lines.isEmpty, "\(lines)")
      #expect(!diff.output.contains("\n- ") && !diff.output.contains("\n+ "))
    }
  }

  @Test func `numbers are rounded once`() throws {
    // 1 and the next number of the type: half of each is a tie, which goes to the even one.
    let one = AnyTensor(Tensor<BFloat16>([BFloat16(1), BFloat16(1.0078125)]))
    let other = AnyTensor(Tensor<BFloat16>([BFloat16(1.0078125), BFloat16(1.015625)]))
    let paths = [try save("a", [("w", one)]), try save("b", [("w", other)])]
    #expect(try ToolRun.checkpoint("average", out, paths[0], paths[1]).status == 0)
    let found = try Tensor<BFloat16>(CheckpointReader(out).tensor(for: "w")).array
    #expect(found.map { Float($0) } == [1, 1.015625])
  }

  @Test func `objects restore from an average`() throws {
    var prefixes: [String] = []
    for value in [1, 2] as [Float] {
      let checkpoint = try Checkpoint([
        "w": Variable<Float>(repeating: value, shape: [2]), "step": Variable<Int64>(Int64(value)),
      ])
      prefixes.append(try checkpoint.save(to: directory.path("ckpt\(value)")))
    }
    let run = try ToolRun.checkpoint("average", out, prefixes[0], prefixes[1])
    #expect(run.status == 0, "\(run.errors)")
    let (w, step) = (Variable<Float>(repeating: 0, shape: [2]), Variable<Int64>(0))
    try Checkpoint(["w": w, "step": step]).restore(from: out).assertConsumed()
    #expect(w.value.array == [1.5, 1.5])
    #expect(step.value.array == [2])
  }

  @Test func `all that differs is told at once, and nothing is written`() throws {
    let first = try save("a", [("old", floats(1)), ("v", floats(1, 2)), ("w", floats(1))])
    let last = try save(
      "b", [("new", floats(1)), ("v", floats(1)), ("w", AnyTensor(Tensor<Double>([1])))])
    let run = try ToolRun.checkpoint("average", out, first, last)
    #expect(run.status == 1)
    #expect(run.output == "")
    #expect(
      run.errors == """
        checkpoint: 4 differences keep the checkpoints from being averaged; their names, types and \
        shapes have to be the same (mismatch)
          - \(first): key 'new': it has no such tensor, '\(last)' has one (mismatch)
          - \(first): key 'v': it is float32[2] here, float32[1] in '\(last)' (mismatch)
          - \(first): key 'w': it is float32[1] here, float64[1] in '\(last)' (mismatch)
          - \(first): key 'old': '\(last)' has no such tensor (mismatch)

        """)
    #expect(!directory.names.contains { $0.hasPrefix("out") })
  }

  @Test func `a damaged source leaves nothing behind`() throws {
    let paths = [try save("a", [("w", floats(1, 2))]), try save("b", [("w", floats(3, 4))])]
    var bytes = try directory.bytes("a.data-00000-of-00001")
    bytes[0] ^= 1
    try directory.write(bytes, to: "a.data-00000-of-00001")
    let run = try ToolRun.checkpoint("average", out, paths[0], paths[1])
    #expect(run.status == 1)
    #expect(run.errors.contains("key 'w': the tensor's checksum is 0x"))
    #expect(!directory.names.contains { $0.hasPrefix("out") })
  }

  @Test func `formats may differ, and follow from the name of what is written`() throws {
    let first = try save("a", [("w", floats(1))])
    let old = directory.path("old")
    var writer = try SlicesWriter(path: old)
    try writer.add(floats(2), for: "w")
    try writer.finish()
    for (name, format) in [("m.safetensors", "safetensors"), ("m", "V2")] {
      let run = try ToolRun.checkpoint("average", directory.path(name), first, old)
      #expect(run.output == "\(directory.path(name)) is written: \(format), 1 tensor, 4 B\n")
      #expect(try read("w", at: directory.path(name)) == [1.5])
    }
    let again = try ToolRun.checkpoint("average", directory.path("m"), first, old)
    #expect(again.status == 1)
    #expect(again.errors.contains("'--overwrite' replaces what is there"))
    let run = try ToolRun.checkpoint(
      "average", directory.path("m"), first, old, "--overwrite", "--to", "v1")
    #expect(run.status == 1)  // its index would hide the file
  }

  @Test func `the latest of a directory come by their numbers`() throws {
    for number in [8, 9, 10] {
      _ = try save(
        "ckpt-\(number)",
        [("step", AnyTensor(Tensor<Int32>(Int32(number)))), ("w", floats(Float(number)))])
    }
    let run = try ToolRun.checkpoint("average", out, "--last", "2", directory.path)
    #expect(run.status == 0, "\(run.errors)")
    #expect(
      run.errors.hasPrefix(
        "checkpoint: the latest 2 checkpoints in \(directory.path) are '\(directory.path)/ckpt-9', "
          + "'\(directory.path)/ckpt-10'\n"))
    #expect(try read("w") == [9.5])
    #expect(try Tensor<Int32>(CheckpointReader(out).tensor(for: "step")).array == [10])
    let few = try ToolRun.checkpoint("average", out, "--last", "5", directory.path)
    #expect(few.status == 1)
    #expect(few.errors.contains("5 checkpoints are wanted, the directory has "))
    let none = try ToolRun.checkpoint("average", out, "--last", "2", directory.path("nowhere"))
    #expect(none.errors.contains("this is no directory; '--last' takes one"))
  }

  @Test func `a directory without checkpoints has no latest ones`() throws {
    try directory.write("notes".utf8, to: "README")
    let run = try average(2)
    #expect(run.status == 1)
    #expect(
      run.errors
        == "checkpoint: \(directory.path): 2 checkpoints are wanted, the directory has none "
        + "(notFound)\n")
  }

  private func average(_ count: Int) throws -> ChildProcess.Outcome {
    try ToolRun.checkpoint("average", out, "--last", "\(count)", directory.path, "--overwrite")
  }

  @Test func `an empty index is left out, with a note, if it is a newer one`() throws {
    for number in 1...4 { _ = try save("ckpt-\(number)", [("w", floats(Float(number)))]) }
    try directory.write(#"model_checkpoint_path: "ckpt-4""#.utf8, to: "checkpoint")
    try directory.write([UInt8](), to: "ckpt-4.index")
    let run = try average(2)
    #expect(run.status == 0, "\(run.errors)")
    #expect(
      run.errors.hasPrefix(
        "checkpoint: note: '\(directory.path)/ckpt-4' is left out: its index is an empty file\n"
          + "checkpoint: the latest 2 checkpoints in "))
    #expect(try read("w") == [2.5])
    let few = try average(4)
    #expect(few.status == 1)
    #expect(few.errors.contains("ckpt-4' is left out"))
    #expect(few.errors.contains("4 checkpoints are wanted, the directory has 3"))

    _ = try save("ckpt-4", [("w", floats(4))])
    try directory.write([UInt8](), to: "ckpt-1.index")
    #expect(try !average(2).errors.contains("left out"))
  }

  @Test func `the name is that of the latest one, even if that is left out`() throws {
    for number in 1...3 { _ = try save("ckpt-\(number)", [("w", floats(Float(number)))]) }
    for number in 1...3 { _ = try save("best-\(number)", [("w", floats(-1))]) }
    try directory.write(#"model_checkpoint_path: "ckpt-3""#.utf8, to: "checkpoint")
    try directory.write([UInt8](), to: "ckpt-3.index")
    #expect(try average(2).errors.contains("ckpt-3' is left out"))
    #expect(try read("w") == [1.5])
  }

  @Test(arguments: [
    ("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "this is a pointer of Git LFS"),
    ("", "this is an empty file"),
  ])
  func `a file that is no checkpoint is left out, with a note`(content: String, finding: String)
    throws
  {
    for number in 1...3 {
      var writer = try SafetensorsWriter(directory.path("m-\(number).safetensors"))
      try writer.add(Tensor<Float>([Float(number)]), for: "w")
      try writer.finish()
    }
    try directory.write(content.utf8, to: "m-3.safetensors")
    let run = try average(2)
    #expect(run.status == 0, "\(run.errors)")
    #expect(
      run.errors.hasPrefix(
        "checkpoint: note: '\(directory.path)/m-3.safetensors' is left out: \(finding)"))
    #expect(try read("w") == [1.5])
  }

  @Test func `a pointer in the place of an index is an error`() throws {
    for number in 1...3 { _ = try save("ckpt-\(number)", [("w", floats(Float(number)))]) }
    try directory.write(
      "version https://git-lfs.github.com/spec/v1\n".utf8, to: "ckpt-3.index")
    let run = try average(2)
    #expect(run.status == 1)
    #expect(run.errors.contains("ckpt-3.index: this is a pointer of Git LFS"))
  }

  @Test(arguments: [
    (["a"], "an average takes two checkpoints at least, after OUT, or '--last N' and a directory"),
    (["a", "b", "--decay", "0"], "'0' is no decay: more than 0, and 1 at most"),
    (["a", "b", "--decay", "nan"], "'nan' is no decay: more than 0, and 1 at most"),
    (["a", "b", "--decay", "1.5"], "'1.5' is no decay: more than 0, and 1 at most"),
    (["a", "--last", "1"], "'1' is no number of checkpoints: 2 or more"),
    (["a", "b", "--last", "2"], "with '--last' there is one CHECKPOINT, a directory"),
  ])
  func `arguments that make no sense are refused`(arguments: [String], message: String) throws {
    let run = try ToolRun.shell("checkpoint average out \(arguments.joined(separator: " "))")
    #expect(run.status == 2)
    #expect(run.errors.hasPrefix("checkpoint: average: \(message)\n"))
  }
}
