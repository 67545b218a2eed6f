import CheckpointMapping
import CheckpointIO
import CheckpointTensors
import Checkpoints
import Testing

/// Rules tried on an index, and TensorFlow's assignment maps.
@Suite struct MappingPreviewTests {
  private func preview(_ stored: [TensorKey: TensorSpec], _ mapping: KeyMapping) throws
    -> KeyMapping.Preview
  {
    try mapping.preview(of: MemoryReader(promised: stored))
  }

  private let stored: [TensorKey: TensorSpec] = [
    "bert/w": TensorSpec(.float32, [2, 3]), "bert/b": TensorSpec(.float32, [3]),
    "bert/w/Adam": TensorSpec(.float32, [2, 3]), "step": TensorSpec(.int64, []),
  ]

  @Test func `lists what becomes of each tensor, and what does nothing`() throws {
    let preview = try preview(
      stored,
      [
        .prefix("bert/", to: ""), .drop(.suffix("/Adam")), .drop(.regex("Momentum")),
        .transform(.name("w"), .transpose([1, 0])), .prefix("gpt/", to: ""),
        .transform(.suffix("kernel"), .reshape([6])),
      ])
    #expect(preview.problems.isEmpty)
    #expect(preview.idleRules == [3, 5, 6])
    #expect(preview.tensors.map(\.name) == ["b", "step", "w"])
    #expect(preview.tensors.map(\.isUnchanged) == [false, true, false])
    #expect(preview.tensors[2].spec == TensorSpec(.float32, [3, 2]))
    #expect(preview.tensors[2].sources.map(\.name) == ["bert/w"])
    #expect(preview.tensors[2].sources.map(\.spec) == [TensorSpec(.float32, [2, 3])])
    #expect(preview.dropped.map(\.name) == ["bert/w/Adam"])
  }

  @Test func `stops at the rule that cannot be applied, and shows what is before it`() throws {
    let preview = try preview(
      stored, [.prefix("bert/", to: ""), .rename(["c": "d", "e": "f"]), .drop(.all)])
    #expect(preview.tensors.map(\.name) == ["b", "step", "w", "w/Adam"])
    #expect(
      preview.problems.map(\.description) == [
        """
        rule 2 of the mapping: 2 names are not there (notFound)
          - there is no tensor 'c' (notFound)
          - there is no tensor 'e' (notFound)
        """
      ])
  }

  @Test func `shows all that a tensor is made of`() throws {
    let preview = try preview(
      ["a": TensorSpec(.float32, [2]), "b": TensorSpec(.float32, [2])],
      [.stack(["b", "a"], axis: 0, into: "ab"), .split("ab", axis: 1, into: ["x", "y"])])
    #expect(preview.tensors.map(\.name) == ["x", "y"])
    #expect(preview.tensors.map { $0.sources.map(\.name) } == [["b", "a"], ["b", "a"]])
    #expect(preview.tensors[0].spec == TensorSpec(.float32, [2, 1]))
    #expect(preview.dropped.isEmpty)
  }

  // MARK: Assignment maps (rows of TensorFlow's init_from_checkpoint)

  private func names(_ map: [String: String]) throws -> [TensorKey: TensorKey] {
    let stored: [TensorKey: TensorSpec] = Dictionary(
      uniqueKeysWithValues: (["a/x", "a/y", "b/x", "z"] as [TensorKey]).map {
        ($0, TensorSpec(.float32, []))
      })
    let preview = try preview(stored, [.assign(map)])
    if let problem = preview.problems.first { throw problem }
    return Dictionary(uniqueKeysWithValues: preview.tensors.map { ($0.name, $0.sources[0].name) })
  }

  @Test func `assigns scopes and names at once, and leaves out the rest`() throws {
    #expect(try names(["a/": "m/"]) == ["m/x": "a/x", "m/y": "a/y"])
    #expect(try names(["a/": "b/", "b/": "a/"]) == ["b/x": "a/x", "b/y": "a/y", "a/x": "b/x"])
    #expect(try names(["a/": "/"]) == ["x": "a/x", "y": "a/y"])
    #expect(try names(["/": "m/"]) == ["m/a/x": "a/x", "m/a/y": "a/y", "m/b/x": "b/x", "m/z": "z"])
    #expect(try names(["z": "w"]) == ["w": "z"])
  }

  @Test func `takes a name before a scope, and one tensor more than once`() throws {
    #expect(try names(["a/": "m/", "z": "m/x"]) == ["m/x": "z", "m/y": "a/y"])
    #expect(try names(["a/": "m/", "a/x": "n"]) == ["m/x": "a/x", "m/y": "a/y", "n": "a/x"])
  }

  @Test(arguments: [
    (
      ["a/": "m"],
      "'a/' is assigned to 'm': a scope goes to a scope, 'scope/' to 'other_scope/', and a "
        + "name to a name (invalidArgument)"
    ),
    (
      ["z": "m/"],
      "'z' is assigned to 'm/': a scope goes to a scope, 'scope/' to 'other_scope/', and a "
        + "name to a name (invalidArgument)"
    ),
    (["c/": "m/"], "there is no tensor in the scope 'c/' (notFound)"),
    (["zz": "m"], "there is no tensor 'zz'; nearest is 'z' (notFound)"),
    (["a/": "m/", "b/": "m/"], "'a/x' and 'b/x' would both be called 'm/x' (duplicateName)"),
    (["a/x": "m", "b/x": "m"], "'a/x' and 'b/x' would both be called 'm' (duplicateName)"),
  ])
  func `says what cannot be assigned`(map: [String: String], problem: String) {
    let error = #expect(throws: CheckpointError.self) { try names(map) }
    #expect(error?.description == "rule 1 of the mapping: \(problem)")
  }
}
