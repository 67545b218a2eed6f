import CheckpointTensors
import CheckpointStore
import CheckpointSafetensors
import CheckpointSlices
import CheckpointGraph
import CheckpointIO
import CheckpointBundle
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves what the tool says and does when it writes checkpoints.
@Suite struct ConvertTests {
  private let directory: TemporaryDirectory
  private let source: String

  init() throws {
    directory = try TemporaryDirectory("convert")
    source = directory.path("source")
    var writer = try BundleWriter(prefix: source)
    try writer.add(Tensor<Float>([1, 2]), for: "w")
    try writer.add(Tensor<Int64>(7), for: "step")
    try writer.finish()
  }

  // MARK: convert

  @Test func `says what it has written, and the formats follow from the names`() throws {
    for (name, format) in [("a.safetensors", "safetensors"), ("b", "V2")] {
      let run = try ToolRun.checkpoint("convert", source, directory.path(name))
      #expect(run.status == 0)
      #expect(run.errors == "")
      #expect(run.output == "\(directory.path(name)) is written: \(format), 2 tensors, 16 B\n")
    }
    let run = try ToolRun.checkpoint("convert", source, directory.path("c"), "--to=v1")
    #expect(run.output == "\(directory.path("c")) is written: V1, 2 tensors, 16 B\n")
    for name in ["a.safetensors", "b", "c"] {
      let diff = try ToolRun.checkpoint("diff", source, directory.path(name))
      #expect(diff.output == "no difference: 2 tensors\n")
      #expect(diff.status == 0)
    }
  }

  @Test(arguments: [[], ["--overwrite"]])
  func `what is written hides nothing`(options: [String]) throws {
    try directory.save([("w", floats(1))], to: "run/ckpt-1")
    try directory.save([("w", floats(1))], to: "saved/variables/variables")
    for name in ["run", "old", "saved"] {
      if name == "old" {
        _ = try ToolRun.checkpoint("convert", source, directory.path(name), "--to", "v1")
      }
      let run = try ChildProcess.run(
        "checkpoint", ["convert", source, directory.path(name), "--to", "v2"] + options)
      #expect(run.status == 1, "\(run)")
      #expect(run.errors.contains("would lead to what is written beside it"), "\(run.errors)")
      #expect(!directory.names.contains("\(name).index"))
    }
    // A directory without a checkpoint has nothing to hide.
    try LocalFileSystem().createDirectory(directory.path("empty"))
    let run = try ToolRun.checkpoint("convert", source, directory.path("empty"))
    #expect(run.status == 0, "\(run.errors)")
  }

  @Test(arguments: ["v2", "v1", "safetensors"])
  func `a directory in the place of a checkpoint is a conflict in every format`(format: String)
    throws
  {
    try directory.save([("w", floats(1))], to: "run/ckpt-1")
    let run = try ToolRun.checkpoint("convert", source, directory.path("run"), "--to", format)
    #expect(run.status == 1)
    #expect(run.errors.hasPrefix("checkpoint: \(directory.path("run")): this "), "\(run.errors)")
    #expect(run.errors.contains("name the checkpoint that is to be written in it"))
    #expect(!run.errors.contains("--overwrite"))
  }

  @Test func `an argument that makes no sense is named, also by what looks at it later`() throws {
    let index = try ToolRun.checkpoint("convert", source, directory.path("m.index"))
    #expect(index.status == 2)
    #expect(
      index.errors.hasPrefix(
        "checkpoint: \(directory.path("m.index")): this is the name of one file of a V2 checkpoint")
    )
    let file = directory.path("m.safetensors")
    let name = try ToolRun.checkpoint("rename", source, "w", "__metadata__", "-o", file)
    #expect(name.status == 2)
    #expect(
      name.errors
        == "checkpoint: \(file): key '__metadata__': no tensor in a safetensors file has this name "
        + "(invalidArgument)\n")
  }

  @Test(arguments: [[], ["--overwrite"]])
  func `the state file is not replaced by a checkpoint`(options: [String]) throws {
    let state = #"model_checkpoint_path: "source""#
    try directory.write(state.utf8, to: "checkpoint")
    let path = directory.path("checkpoint")
    let run = try ChildProcess.run(
      "checkpoint", ["convert", source, path, "--to", "v1"] + options)
    #expect(run.status == 2)
    #expect(
      run.errors
        == "checkpoint: \(path): this is the name of the state file, and no checkpoint is looked for in it; "
        + "give another name (invalidArgument)\n")
    #expect(try directory.bytes("checkpoint") == Array(state.utf8))
  }

  @Test func `any byte but 0 is true, in all formats`() throws {
    var header = Array(#"{"b":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}}"#.utf8)
    header += Array(repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
    let count = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    try directory.write(count + header + [2, 0, 255], to: "m.safetensors")
    let path = directory.path("v1")
    let run = try ToolRun.checkpoint(
      "convert", directory.path("m.safetensors"), path, "--to", "v1")
    #expect(run.status == 0, "\(run.errors)")
    #expect(try ToolRun.checkpoint("verify", path).status == 0)
    #expect(
      try Tensor<Bool>(CheckpointReader(path).tensor(for: "b")).array == [true, false, true])
  }

  @Test func `names are written in one style, after the rules and what is preferred`() throws {
    var writer = try BundleWriter(prefix: source)
    try writer.add(Tensor<Float>(2), for: "conv/w/ExponentialMovingAverage")
    try writer.add(Tensor<Float>(1), for: "conv/w")
    try writer.add(Tensor<Float>(3), for: "old/w")
    try writer.finish()
    let rules = directory.path("rules.json")
    try Data(#"[{"prefix": "old/", "to": "new/"}]"#.utf8).write(to: URL(fileURLWithPath: rules))
    let target = directory.path("m.safetensors")
    let run = try ToolRun.checkpoint(
      "convert", source, target, "--map", rules, "--prefer", "/ExponentialMovingAverage",
      "--names", "dotted")
    #expect(run.status == 0, "\(run.errors)")
    let written = try SafetensorsReader(target)
    #expect(try written.entries().map(\.key) == ["conv.w", "new.w"])
    #expect(try Tensor<Float>(written.tensor(for: "conv.w")).scalar == 2)

    let back = try ToolRun.checkpoint(
      "convert", target, directory.path("back"), "--names", "objects")
    #expect(back.status == 0, "\(back.errors)")
    #expect(
      try BundleReader(prefix: directory.path("back")).entries().map(\.key)
        == ["conv/w/.ATTRIBUTES/VARIABLE_VALUE", "new/w/.ATTRIBUTES/VARIABLE_VALUE"])
  }

  @Test(arguments: [
    (["--names", "dots"], "'dots' is no style of names: dotted, slashed or objects"),
    (["--prefer", ""], "the suffix of '--prefer' is empty"),
  ])
  func `options for names that make no sense are misuse`(arguments: [String], problem: String)
    throws
  {
    let run = try ChildProcess.run(
      "checkpoint", ["convert", source, directory.path("m")] + arguments)
    #expect(run.status == 2)
    #expect(run.errors.contains(problem))
  }

  @Test func `rules from a file rename and change what is written`() throws {
    let rules = directory.path("rules.json")
    let text = """
      [{"rename": {"w": "dense/bias"}}, {"drop": {"name": "step"}}]
      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: rules))
    let run = try ToolRun.checkpoint("convert", source, directory.path("m"), "--map", rules)
    #expect(run.errors == "")
    #expect(run.output == "\(directory.path("m")) is written: V2, 1 tensor, 8 B\n")
    let written = try BundleReader(prefix: directory.path("m"))
    #expect(try written.entries().map(\.key) == ["dense/bias"])

    let missing = try ToolRun.checkpoint(
      "convert", source, directory.path("n"), "--map", "none.json")
    #expect(missing.status == 1)
    #expect(missing.errors.contains("none.json"))
    #expect(!directory.names.contains { $0.hasPrefix("n.") })
  }

  @Test func `what stands there stays, unless it is to be replaced`() throws {
    let first = try ToolRun.checkpoint("convert", source, directory.path("m"))
    #expect(first.status == 0)
    let second = try ToolRun.checkpoint("convert", source, directory.path("m"))
    #expect(second.status == 1)
    #expect(
      second.errors == "checkpoint: \(directory.path("m")): there is a checkpoint here already; "
        + "allow it to be overwritten, or choose another name; '--overwrite' replaces what is there "
        + "(pathConflict)\n")
    let third = try ToolRun.checkpoint("convert", "--overwrite", source, directory.path("m"))
    #expect(third.status == 0)
  }

  @Test(arguments: ["", "--overwrite"])
  func `overwriting is advised only where it helps`(option: String) throws {
    try FileManager.default.createDirectory(
      atPath: directory.path("b.index"), withIntermediateDirectories: false)
    try directory.write("model".utf8, to: "file")
    let cases = [
      ("source", "v1", "there is an 'source.index' beside it, which every reader of this path"),
      ("b", "v2", "'b.index' beside it is a directory, where the index belongs; choose another"),
      ("file", "model-directory", "a regular file has the name of the model's directory; rename"),
    ]
    let before = directory.names
    for (name, format, problem) in cases {
      let run = try ToolRun.shell(
        "checkpoint convert \"$1\" \"$2\" --to \(format) \(option)", source, directory.path(name))
      #expect(run.status == 1, "\(name)")
      #expect(
        run.errors.hasPrefix("checkpoint: \(directory.path(name)): \(problem)"), "\(run.errors)")
      #expect(!run.errors.contains("--overwrite"), "\(run.errors)")
      #expect(directory.names == before)
    }
    // A file that an index hides can be replaced, but would not be found.
    try directory.write("file".utf8, to: "source")
    let hidden = try ToolRun.shell(
      "checkpoint convert \"$1\" \"$1\" --to v1 \(option)", source)
    #expect(hidden.status == 1)
    #expect(!hidden.errors.contains("--overwrite"), "\(hidden.errors)")
    let own = try ToolRun.shell("checkpoint merge --move \"$1\" \"$1\" \(option)", source)
    #expect(own.status == 1)
    #expect(own.errors.contains("a checkpoint cannot be merged into one of its parts"))
    #expect(!own.errors.contains("--overwrite"), "\(own.errors)")
  }

  @Test func `what the target cannot hold is listed, and nothing appears`() throws {
    let fixture = ToolRun.fixture("strings/scalar")
    let run = try ToolRun.checkpoint("convert", fixture, directory.path("m.safetensors"))
    #expect(run.status == 1)
    #expect(run.output == "")
    #expect(run.errors.contains("safetensors files do not have tensors of string"))
    #expect(!directory.names.contains("m.safetensors"))
    let without = try ToolRun.checkpoint(
      "convert", "--omit-unsupported", fixture, directory.path("m.safetensors"))
    #expect(without.status == 0)
    #expect(without.errors.hasPrefix("checkpoint: note: '"))
  }

  @Test(arguments: ["convert", "merge", "average"])
  func `the error for what cannot be held names the option that leaves it out`(command: String)
    throws
  {
    let text = AnyTensor(Tensor<String>(["text"]))
    let source = try directory.save([("s", text), ("w", floats(1))], to: "mixed")
    let target = directory.path("m.safetensors")
    let arguments =
      switch command {
      case "convert": [source, target]
      case "merge": [target, source]
      default: [target, source, source]
      }
    let run = try ChildProcess.run("checkpoint", [command] + arguments)
    #expect(run.status == 1)
    #expect(
      run.errors
        == "checkpoint: \(target): key 's': safetensors files do not have tensors of string, V2 checkpoints "
        + "do; '--omit-unsupported' leaves it out (unsupported)\n")
    let without = try ChildProcess.run(
      "checkpoint", [command, "--omit-unsupported"] + arguments)
    #expect(without.status == 0, "\(without.errors)")
    #expect(without.errors.contains("checkpoint: note: 's' is left out: safetensors files do not"))
    #expect(try CheckpointReader(target).entries().map(\.key) == ["w"])
  }

  @Test func `leaving out is advised only where it helps`() throws {
    var writer = try BundleWriter(prefix: directory.path("part"))
    try writer.add(Tensor<String>(["text"]), for: "s")
    try writer.add(Tensor<Float>([1]), for: "w", part: TensorSlice.Part("3 0,1"))
    try writer.finish()
    let run = try ToolRun.checkpoint(
      "convert", directory.path("part"), directory.path("m.safetensors"))
    #expect(run.status == 1)
    #expect(run.errors.contains("only 1 of its 3 elements were saved"))
    #expect(!run.errors.contains("--omit-unsupported"), "\(run.errors)")
  }

  @Test func `what is not read is told of the file that has it, and can be left out`() throws {
    let header = #"""
      {"a":{"dtype":"F8_E8M0","shape":[2],"data_offsets":[0,2]},\#
      "b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}
      """#
    let count = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
    try directory.write(count + Array(header.utf8) + [1, 2, 3], to: "odd.safetensors")
    let (odd, target) = (directory.path("odd.safetensors"), directory.path("m.safetensors"))
    func expectFailure(_ advice: String, _ arguments: String...) throws {
      let run = try ChildProcess.run("checkpoint", arguments)
      #expect(run.status == 1)
      #expect(
        run.errors
          == "checkpoint: \(odd): key 'a': its elements are of the type F8_E8M0, which is not read "
          + "here\(advice) (unsupported)\n")
    }
    let advice = "; '--omit-unsupported' leaves it out"
    try expectFailure(advice, "convert", odd, target)
    try expectFailure(advice, "average", target, odd, odd)
    try expectFailure(advice, "merge", target, odd)
    try expectFailure("", "rename", odd, "b", "c", "-o", target)
    let average = try ToolRun.checkpoint("average", target, odd, odd, "--omit-unsupported")
    #expect(average.status == 0, "\(average.errors)")
    #expect(try CheckpointReader(target).entries().map(\.key) == ["b"])
  }

  @Test func `a tensor without a name stays in safetensors only`() throws {
    let file = directory.path("nameless.safetensors")
    var writer = try SafetensorsWriter(file)
    try writer.add(Tensor<Float>([1]), for: "")
    try writer.add(Tensor<Float>([2]), for: "a")
    try writer.finish()
    let target = directory.path("m")
    for (format, title) in [("v2", "V2"), ("v1", "V1")] {
      let run = try ToolRun.checkpoint("convert", file, target, "--to", format)
      #expect(run.status == 1)
      #expect(
        run.errors == "checkpoint: \(target): key '': the tensor has no name in '\(file)', and "
          + "\(title) needs one; give it one first: 'checkpoint rename'; '--omit-unsupported' leaves it "
          + "out (unsupported)\n")
      #expect(!directory.names.contains { $0.hasPrefix("m") })
      let other = directory.path("other-\(format)")
      let without = try ToolRun.checkpoint(
        "convert", file, other, "--to", format, "--omit-unsupported")
      #expect(without.status == 0)
      #expect(without.errors.hasPrefix("checkpoint: note: '' is left out: the tensor has no name"))
    }
    let same = try ToolRun.checkpoint("convert", file, directory.path("b.safetensors"))
    #expect(same.status == 0)
    let renamed = try ToolRun.checkpoint(
      "rename", file, "", "b", "-o", directory.path("c.safetensors"))
    #expect(renamed.status == 0)
  }

  @Test func `notes say what is lost`() throws {
    let run = try ToolRun.checkpoint(
      "convert", "--omit-unsupported", ToolRun.fixture("object/nested-1"),
      directory.path("m.safetensors"))
    #expect(run.status == 0)
    #expect(
      run.errors.contains("checkpoint: note: the object graph is left out, safetensors files"))
    let dropped = try ToolRun.checkpoint(
      "convert", "--drop-objects", ToolRun.fixture("object/nested-1"), directory.path("m"))
    #expect(dropped.errors == "")
    #expect(try CheckpointReader(directory.path("m")).objectGraph() == nil)
  }

  @Test func `a damaged source is an error, and nothing appears`() throws {
    var data = try directory.bytes("source.data-00000-of-00001")
    data[0] ^= 1
    try directory.write(data, to: "source.data-00000-of-00001")
    for name in ["m", "m.safetensors"] {
      let run = try ToolRun.checkpoint("convert", source, directory.path(name))
      #expect(run.status == 1)
      #expect(run.errors.contains("the tensor's checksum is 0x"))
      #expect(directory.names == ["source.data-00000-of-00001", "source.index"])
    }
  }

  @Test(arguments: [
    (["convert", "a"], "convert: DEST is missing"),
    (
      ["convert", "a", "b", "--to", "v3"],
      "convert: 'v3' is no format: v2, v1, safetensors or model-directory"
    ),
    (["rename", "a", "b"], "rename: NEW... is missing"),
    (["rename", "a", "b", "c", "d", "--in-place"], "rename: the last OLD has no NEW"),
    (["rename", "a", "b", "", "-o", "d"], "rename: the new name of 'b' is empty"),
    (
      ["rename", "a", "b", "c"], "rename: it is either '-o DEST', a new checkpoint, or '--in-place'"
    ),
    (
      ["rename", "a", "b", "c", "--in-place", "-o", "d"],
      "rename: it is either '-o DEST', a new checkpoint, or '--in-place'"
    ),
    (["merge", "a"], "merge: SOURCE... is missing"),
    (
      ["merge", "--move", "a", "b", "--drop-objects"],
      "merge: '--move' goes without '--metadata', '--drop-objects' and '--omit-unsupported'"
    ),
    (
      ["merge", "--move", "a", "b", "--metadata", "step=1"],
      "merge: '--move' goes without '--metadata', '--drop-objects' and '--omit-unsupported'"
    ),
    (
      ["merge", "--move", "a", "b", "--omit-unsupported"],
      "merge: '--move' goes without '--metadata', '--drop-objects' and '--omit-unsupported'"
    ),
    (["diff", "a", "b", "--tolerance", "-1"], "diff: '-1' is no tolerance: a number of 0 or more"),
    (["diff", "a", "b", "--tolerance", "x"], "diff: 'x' is no tolerance: a number of 0 or more"),
  ])
  func `arguments that make no sense are explained`(arguments: [String], message: String) throws {
    let line = "checkpoint " + arguments.map { "'\($0)'" }.joined(separator: " ")
    let run = try ToolRun.shell(line)
    #expect(run.status == 2)
    #expect(run.output == "")
    #expect(run.errors.hasPrefix("checkpoint: \(message)\n"))
  }

  #if os(Linux)
  @Test func `a full disk is an error of the system, and nothing appears`() throws {
    // The limit of a file's size stands for the end of the disk: less than the tensor, and room for what ThreadSanitizer
    // itself writes.
    var writer = try BundleWriter(prefix: directory.path("large"))
    try writer.add(Tensor<Float>(repeating: 1, shape: [1 << 20]), for: "w")
    try writer.finish()
    for format in ["v2", "v1", "safetensors"] {
      let run = try ToolRun.shell(
        "ulimit -f 2000; checkpoint convert \"$1\" \"$2\" --to \"$3\"",
        directory.path("large"), directory.path("m"), format)
      #expect(run.status == 3, "\(format): \(run.errors)")
      #expect(run.errors.contains("; no file may be larger there: 'ulimit -f' shows"))
      #expect(!directory.names.contains { $0.hasPrefix("m") || $0.hasPrefix(".m") }, "\(format)")
    }
  }
  #endif

  // MARK: rename

  @Test func `renames into a new checkpoint of the same format`() throws {
    let v1 = directory.path("v1")
    _ = try ToolRun.checkpoint("convert", source, v1, "--to", "v1")
    for path in [source, v1] {
      let new = path + "-new"
      let run = try ToolRun.checkpoint("rename", path, "w", "weights", "step", "w", "-o", new)
      #expect(run.status == 0)
      let (old, renamed) = (try CheckpointReader(path), try CheckpointReader(new))
      #expect(renamed.format == old.format)
      #expect(try renamed.entries().map(\.key) == ["w", "weights"])
      #expect(try Tensor<Float>(renamed.tensor(for: "weights")).array == [1, 2])
      #expect(try old.entries().map(\.key) == ["step", "w"])
    }
  }

  @Test func `renames in place without touching the data`() throws {
    let data = directory.path("source.data-00000-of-00001")
    let before = try FileManager.default.attributesOfItem(atPath: data)
    let run = try ToolRun.checkpoint("rename", source, "w", "é", "--in-place")
    #expect(run.status == 0)
    #expect(run.output == "\(source): 1 tensor renamed\n")
    let after = try FileManager.default.attributesOfItem(atPath: data)
    #expect(before[.systemFileNumber] as? Int == after[.systemFileNumber] as? Int)
    #expect(before[.modificationDate] as? Date == after[.modificationDate] as? Date)
    #expect(try CheckpointReader(source).entries().map(\.key) == ["step", "é"])
  }

  @Test func `objects follow new names, also in place`() throws {
    let objects = directory.path("objects")
    _ = try ToolRun.checkpoint("convert", ToolRun.fixture("object/nested-1"), objects)
    let graph = try #require(try CheckpointReader(objects).objectGraph())
    let old = try #require(graph.nodes.lazy.flatMap(\.attributes).first?.key)
    let new = "renamed/.ATTRIBUTES/VARIABLE_VALUE"
    let run = try ToolRun.checkpoint("rename", objects, old, new, "--in-place")
    #expect(run.status == 0)
    #expect(run.errors == "")
    let renamed = try #require(try CheckpointReader(objects).objectGraph())
    let keys = renamed.nodes.flatMap(\.attributes).map(\.key)
    #expect(keys.contains(new) && !keys.contains(old))
    #expect(try CheckpointReader(objects).entry(for: TensorKey(new)) != nil)
  }

  @Test func `V1 in several files is renamed into a new checkpoint only`() throws {
    var writer = try SlicesWriter(prefix: directory.path("m"), shardCount: 2)
    try writer.add(Tensor<Float>([1]), for: "a", part: nil, shard: 0)
    try writer.add(Tensor<Float>([2]), for: "b", part: nil, shard: 1)
    try writer.finish()
    let pattern = directory.path("m-?????-of-00002")
    let before = directory.names
    for path in [pattern, directory.path("m-00000-of-00002")] {
      let run = try ToolRun.checkpoint("rename", path, "b", "c", "--in-place")
      #expect(run.status == 1)
      #expect(
        run.errors.hasSuffix(
          "checkpoint: \(pattern): this V1 checkpoint has numbered files, which '--in-place' cannot replace "
            + "in one step; write a new one: '-o DEST' (unsupported)\n"), "\(run.errors)")
      #expect(directory.names == before)
    }
    let run = try ToolRun.checkpoint("rename", pattern, "b", "c", "-o", directory.path("n"))
    #expect(run.status == 0, "\(run.errors)")
    #expect(try CheckpointReader(directory.path("n")).entries().map(\.key) == ["a", "c"])
  }

  @Test func `a name that is shown with escapes can be given so`() throws {
    let copy = directory.path("odd")
    _ = try ToolRun.checkpoint("convert", ToolRun.fixture("names/not_utf8"), copy)
    let run = try ToolRun.checkpoint("rename", copy, "\\xff", "text", "--in-place")
    #expect(run.status == 0)
    #expect(try CheckpointReader(copy).entry(for: "text") != nil)
  }

  @Test(arguments: [["--in-place"], ["-o", "new"]])
  func `the object graph keeps its name, and no tensor gets it`(place: [String]) throws {
    let objects = directory.path("objects")
    _ = try ToolRun.checkpoint("convert", ToolRun.fixture("object/nested-1"), objects)
    let graph = "_CHECKPOINTABLE_OBJECT_GRAPH"
    let before = directory.names
    let renamed = try ChildProcess.run(
      "checkpoint", ["rename", objects, graph, "y"] + place, directory: directory.path)
    #expect(renamed.errors.contains("this is the object graph, which keeps its name"))
    let taken = try ChildProcess.run(
      "checkpoint", ["rename", source, "w", graph] + place, directory: directory.path)
    #expect(taken.errors.contains("'\(graph)' is the name of the object graph"))
    #expect(renamed.status != 0 && taken.status != 0 && directory.names == before)
    #expect(try CheckpointReader(source).entries().map(\.key) == ["step", "w"])
  }

  @Test func `names that cannot be given are explained`() throws {
    let missing = try ToolRun.checkpoint("rename", source, "v", "x", "--in-place")
    #expect(missing.status == 1)
    #expect(missing.errors.contains("no tensor has the key 'v'"))
    let taken = try ToolRun.checkpoint("rename", source, "w", "step", "--in-place")
    #expect(taken.status == 1)
    #expect(taken.errors.contains("'step' and 'w' would both be called 'step' (duplicateName)"))
    let twice = try ToolRun.checkpoint("rename", source, "w", "a", "w", "b", "--in-place")
    #expect(twice.errors.contains("this tensor is to get two names (duplicateName)"))
    #expect(try CheckpointReader(source).entries().map(\.key) == ["step", "w"])
  }

  // MARK: merge

  @Test func `merges checkpoints of any formats, and leaves them`() throws {
    var other = try SafetensorsWriter(directory.path("b.safetensors"))
    try other.add(Tensor<Float>([3]), for: "b")
    try other.finish()
    let run = try ToolRun.checkpoint(
      "merge", directory.path("m"), source, directory.path("b.safetensors"))
    #expect(run.output == "\(directory.path("m")) is written: V2, 3 tensors, 20 B\n")
    #expect(try CheckpointReader(directory.path("m")).entries().map(\.key) == ["b", "step", "w"])
    #expect(try CheckpointReader(source).entries().count == 2)
    let twice = try ToolRun.checkpoint("merge", directory.path("n"), source, source)
    #expect(twice.status == 1)
    #expect(twice.errors.contains("2 names would be given twice; "))
    #expect(twice.errors.contains("'w' of '\(source)'"))
  }

  // MARK: metadata

  private func safetensors(_ name: String, _ metadata: NamedTexts) throws -> String {
    let path = directory.path("\(name).safetensors")
    var writer = try SafetensorsWriter(path, metadata: metadata)
    try writer.add(Tensor<Float>([3]), for: TensorKey(name))
    try writer.finish()
    return path
  }

  private func metadata(_ path: String) throws -> [String: String] {
    try CheckpointReader(path).metadata
  }

  @Test func `metadata survives a rename, and is set by it`() throws {
    let path = try safetensors("a", ["by": "hand"])
    let renamed = try ToolRun.checkpoint("rename", path, "a", "b", "--in-place")
    #expect(renamed.status == 0, "\(renamed.errors)")
    #expect(try metadata(path) == ["by": "hand"])
    let set = try ToolRun.checkpoint(
      "rename", path, "b", "c", "--in-place", "--metadata", "format=mlx", "--metadata=by=")
    #expect(set.status == 0, "\(set.errors)")
    #expect(try metadata(path) == ["format": "mlx"])
    #expect(try CheckpointReader(path).entries().map(\.key) == ["c"])
    let v2 = try ToolRun.checkpoint("rename", source, "w", "v", "--in-place", "--metadata", "a=b")
    #expect(v2.status == 1)
    #expect(v2.errors.contains("checkpoints of the format V2 have no texts about themselves"))
  }

  // An é of one character, and one of two.
  @Test func `metadata is set by the bytes of its name`() throws {
    let path = try safetensors("a", ["caf\u{E9}": "1"])
    let run = try ToolRun.checkpoint(
      "rename", path, "a", "b", "--in-place", "--metadata", "cafe\u{301}=\u{301}2")
    #expect(run.status == 0, "\(run.errors)")
    let list = try ToolRun.checkpoint("list", "--metadata", path)
    #expect(
      Array(list.output.utf8) == Array("cafe\u{301}=\u{301}2\ncaf\u{E9}=1\nformat=pt\n".utf8))
    let json = try ToolRun.checkpoint("list", "--metadata", "--json", path)
    #expect(json.output.hasPrefix("{\"cafe\u{301}\":\"\u{301}2\",\"caf\u{E9}\":\"1\""))
  }

  @Test func `metadata is set by a conversion, and lost with a note`() throws {
    let path = directory.path("m.safetensors")
    _ = try ToolRun.checkpoint("convert", source, path, "--metadata", "step=a=b")
    #expect(try metadata(path) == ["format": "pt", "step": "a=b"])
    let back = try ToolRun.checkpoint("convert", path, directory.path("back"))
    #expect(
      back.errors
        == "checkpoint: note: the metadata is left out, V2 checkpoints have none: format = pt, "
        + "step = a=b\n")
  }

  @Test func `a merge asks for what sources disagree on`() throws {
    let a = try safetensors("a", ["format": "pt", "by": "us"])
    let b = try safetensors("b", ["format": "mlx", "by": "us"])
    let target = directory.path("m.safetensors")
    let refused = try ToolRun.checkpoint("merge", target, a, b)
    #expect(refused.status == 1)
    #expect(refused.errors.contains("the text 'format' is 'pt' in '\(a)' and 'mlx' in '\(b)'; "))
    let run = try ToolRun.checkpoint("merge", target, a, b, "--metadata", "format=pt")
    #expect(run.status == 0, "\(run.errors)")
    #expect(try metadata(target) == ["format": "pt", "by": "us"])
  }

  @Test(arguments: ["--metadata=k=", "--metadata k="])
  func `texts that are not UTF-8 are refused`(option: String) throws {
    let target = directory.path("m.safetensors")
    let run = try ToolRun.shell(
      "checkpoint convert \"$1\" \"$2\" \(option)$(printf 'a\\377b')", source, target)
    #expect(run.status == 2)
    #expect(run.errors.hasPrefix("checkpoint: convert: the "), "\(run.errors)")
    #expect(run.errors.contains("k=a\\xffb' is not UTF-8\n"), "\(run.errors)")
    #expect(!directory.names.contains("m.safetensors"))
  }

  @Test(arguments: [["--metadata", "format"], ["--metadata", "=pt"], ["--metadata=a=b"]])
  func `texts that make no sense are explained`(arguments: [String]) throws {
    let target = directory.path("m.safetensors")
    let run = try ChildProcess.run(
      "checkpoint", ["convert", source, target, "--metadata", "a=c"] + arguments)
    #expect(run.status == 2)
    #expect(run.errors.contains("--metadata"))
    #expect(!directory.names.contains("m.safetensors"))
  }

  @Test func `merges by moving data files, and the sources go`() throws {
    var other = try BundleWriter(prefix: directory.path("b"))
    try other.add(Tensor<Float>([3]), for: "b")
    try other.finish()
    let run = try ToolRun.checkpoint(
      "merge", "--move", directory.path("m"), source, directory.path("b"))
    #expect(run.status == 0)
    #expect(run.output == "\(directory.path("m")) is made of 2 checkpoints\n")
    #expect(directory.names == ["m.data-00000-of-00002", "m.data-00001-of-00002", "m.index"])
  }

  @Test func `only V2 is moved, and nothing over what stands there`() throws {
    var other = try SafetensorsWriter(directory.path("b.safetensors"))
    try other.add(Tensor<Float>([3]), for: "b")
    try other.finish()
    let mixed = try ToolRun.checkpoint(
      "merge", "--move", directory.path("m"), source, directory.path("b.safetensors"))
    #expect(mixed.status == 1)
    #expect(mixed.errors.contains("this is safetensors, only the data files of V2 can be moved"))
    _ = try ToolRun.checkpoint("convert", source, directory.path("m"))
    let standing = try ToolRun.checkpoint("merge", "--move", directory.path("m"), source)
    #expect(standing.status == 1)
    #expect(standing.errors.contains("'--overwrite' replaces it (pathConflict)"))
    #expect(try CheckpointReader(source).entries().count == 2)
  }

  @Test(arguments: [["m", "--to", "v1"], ["m.safetensors"]])
  func `data files are moved into no other format`(target: [String]) throws {
    let before = directory.names
    let run = try ChildProcess.run(
      "checkpoint",
      ["merge", "--move", directory.path(target[0]), source] + target.dropFirst())
    #expect(run.status == 1)
    #expect(
      run.errors
        == "checkpoint: \(directory.path(target[0])): data files can be moved into a V2 checkpoint only "
        + "(unsupported)\n")
    #expect(directory.names == before)
  }

  // MARK: diff

  @Test func `diff shows what differs, and how far`() throws {
    var other = try SafetensorsWriter(directory.path("b.safetensors"))
    try other.add(Tensor<Float>([1, 2.5]), for: "w")
    try other.add(Tensor<Int32>(7), for: "step")
    try other.add(Tensor<Float>([1]), for: "new")
    try other.finish()
    let run = try ToolRun.checkpoint("diff", source, directory.path("b.safetensors"))
    #expect(run.status == 1)
    #expect(
      run.output == """
        + new  float32[1]
        ! step  int64[], int32[]
        ~ w  float32[2]  1 of 2 elements, by at most 0.5
        3 differences, 0 tensors the same

        """)
    let near = try ToolRun.checkpoint(
      "diff", "--tolerance", "0.5", "--json", directory.path("b.safetensors"), source)
    #expect(near.status == 1)
    #expect(
      near.output == #"""
        {"equal":1,"not_compared":0,"differences":[
        {"name":"new","kind":"only_in_first","first":"float32[1]","second":null},
        {"name":"step","kind":"spec","first":"int32[]","second":"int64[]"}
        ]}

        """#)
    let json = try ToolRun.checkpoint("diff", "--json", source, directory.path("b.safetensors"))
    #expect(json.output.contains(#""differing":1,"elements":2,"largest_distance":0.5}"#))
    #expect(try JSONSerialization.jsonObject(with: Data(json.outputBytes)) is [String: Any])
  }
}
