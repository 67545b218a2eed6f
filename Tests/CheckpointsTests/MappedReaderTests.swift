import CheckpointMapping
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
@testable import Checkpoints
import Testing

/// What rules make of names and values.
@Suite struct MappedReaderTests {
  private func reader(_ tensors: [TensorKey: AnyTensor]) -> MemoryReader {
    MemoryReader(tensors: tensors)
  }

  private func names(_ stored: [TensorKey], _ mapping: KeyMapping) throws -> [TensorKey] {
    let one = AnyTensor(Tensor<Float>(1))
    let tensors = Dictionary(uniqueKeysWithValues: stored.map { ($0, one) })
    return try MappedReader(reader(tensors), mapping).entries().map(\.key)
  }

  private func problem(_ reader: MemoryReader, _ mapping: KeyMapping) -> String? {
    do throws(CheckpointError) {
      _ = try MappedReader(reader, mapping)
      return nil
    } catch {
      return error.description
    }
  }

  // MARK: Names

  @Test func `applies rules in order, each to the names before it`() throws {
    let mapping: KeyMapping = [
      .scope("bert", to: "encoder"), .replace(#"layer_(\d+)/"#, with: "layers/$1/"),
      .drop(.suffix("/Adam")), .rename(["encoder/layers/0/w": "first"]),
    ]
    let stored: [TensorKey] = [
      "bert/layer_0/w", "bert/layer_12/w", "bert/w/Adam", "bertha", "step",
    ]
    #expect(try names(stored, mapping) == ["bertha", "encoder/layers/12/w", "first", "step"])
  }

  @Test(arguments: [
    ("bert", "/", ["a/x", "x"]), ("/", "model", ["model/a/x", "model/bert/x"]),
    ("bert/", "b/", ["a/x", "b/x"]), ("missing", "b", ["a/x", "bert/x"]),
  ])
  func `takes scopes as init_from_checkpoint does`(scope: String, new: String, expected: [String])
    throws
  {
    let renamed = try names(["a/x", "bert/x"], [.scope(scope, to: new)])
    #expect(renamed == expected.map { TensorKey($0) })
  }

  @Test func `swaps names`() throws {
    let stored: [TensorKey: AnyTensor] = [
      "a": AnyTensor(Tensor<Float>(1)), "b": AnyTensor(Tensor<Float>(2)),
    ]
    let swapped = try MappedReader(reader(stored), .names(["a": "b", "b": "a"]))
    #expect(try Tensor<Float>(swapped.tensor(for: "a")).scalar == 2)
    #expect(swapped.sources(of: "b") == ["a"])
  }

  @Test func `compares names that are no UTF-8 byte by byte`() throws {
    let odd = TensorKey(bytes: [0x61, 0x2F, 0xFF])
    #expect(try names([odd], [.prefix("a/", to: "b/")]) == [TensorKey(bytes: [0x62, 0x2F, 0xFF])])
    #expect(try names([odd, "a/b"], [.drop(.prefix("a/"))]) == [])
    #expect(try names([odd], [.drop(.name(#"a/\xff"#))]) == [odd])
    #expect(try names([odd], [.drop(.regex(#"\\xff$"#))]) == [])
    #expect(try names([odd], [.replace("a", with: "b"), .custom { _ in nil }]) == [odd])
  }

  @Test(arguments: [
    ("${1-1}", "6"), ("${1+10}x", "17x"), ("${2}", "${2}"), ("${1*2}", "${1*2}"), ("$i", "$i"),
    ("$1-$0", "7-w7"), ("$$1", "$1"), ("$", "$"), ("$x", "$x"), ("一", "一"), ("$一", "$一"),
  ])
  func `fills in groups`(template: String, expected: String) throws {
    #expect(try names(["w7"], [.replace(#"w(\d)"#, with: template)]) == [TensorKey(expected)])
  }

  @Test func `names the rule that cannot be applied`() {
    let one = AnyTensor(Tensor<Float>(1))
    let stored = reader(["dense/kernel": one, "dense/bias": one])
    #expect(
      problem(stored, [.drop(.name("x")), .rename(["dense/kernal": "k"])])
        == "memory: rule 2 of the mapping: there is no tensor 'dense/kernal'; nearest are 'dense/kernel', "
        + "'dense/bias' (notFound)")
    #expect(
      problem(stored, [.replace("dense/.*", with: "d")])
        == "memory: rule 1 of the mapping: 'dense/bias' and 'dense/kernel' would both be called 'd' "
        + "(duplicateName)")
    #expect(
      problem(stored, [.replace("(d)", with: "$2")])
        == "memory: rule 1 of the mapping: '$2' has $2, but the expression has no such group "
        + "(invalidArgument)")
    #expect(
      problem(stored, [.keep(.regex("("))])?.hasPrefix("memory: rule 1 of the mapping: '('") == true
    )
    #expect(
      problem(stored, [.transform(.all, .transpose([0]))]) == """
        memory: rule 1 of the mapping: 2 tensors cannot be changed so (mismatch)
          - key 'dense/bias': [0] does not name each dimension of [] once (mismatch)
          - key 'dense/kernel': [0] does not name each dimension of [] once (mismatch)
        """)
  }

  // MARK: Values

  @Test func `splits what it has put together`() throws {
    for seed in 0..<200 as Range<UInt64> {
      var rng = SeededGenerator(seed: seed)
      let shape = TensorShape((0..<3).map { _ in Int.random(in: 1...4, using: &rng) })
      let axis = Int.random(in: 0..<3, using: &rng)
      let parts = (0..<2).map { part in
        let numbers = (0..<shape.elementCount).map { "\(part) \($0)" }
        return AnyTensor(Tensor<String>(shape: shape, scalars: numbers))
      }
      let length = shape.dimensions[axis]
      let rules: [KeyMapping.Rule] = [
        .concatenate(["a", "b"], axis: axis, into: "ab"),
        .split("ab", axis: axis, into: ["c", "d"], lengths: [length, length]),
        .stack(["c", "d"], axis: axis, into: "cd"),
        .split("cd", axis: axis, into: ["e", "f"]),
      ]
      let mapped = try MappedReader(reader(["a": parts[0], "b": parts[1]]), KeyMapping(rules))
      for (name, part) in zip(["e", "f"] as [TensorKey], parts) {
        let result = try mapped.tensor(for: name)
        #expect(result.strings == part.strings, "seed \(seed)")
        #expect(result.spec.shape.elementCount == shape.elementCount, "seed \(seed)")
      }
    }
  }

  @Test func `makes a tensor for each position of all that match, and one of them again`() throws {
    let stored = reader([
      "m/w": AnyTensor(Tensor<Float>(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6])),
      "m/b": AnyTensor(Tensor<Float>(shape: [1, 3], scalars: [7, 8, 9])),
      "c": AnyTensor(Tensor<Float>(0)),
    ])
    let parts: KeyMapping = [.unstack("^m/([wb])$", axis: 1, into: "m.$i.$1")]
    let mapped = try MappedReader(stored, parts)
    #expect(
      try mapped.entries().map(\.key) == [
        "c", "m.0.b", "m.0.w", "m.1.b", "m.1.w", "m.2.b", "m.2.w",
      ])
    #expect(try Tensor<Float>(mapped.tensor(for: "m.1.w")).array == [2, 5])
    #expect(try mapped.tensor(for: "m.2.b").spec.shape == [1])
    let whole: KeyMapping = [.stackMatches(#"^m\.(\d+)\.(\w)$"#, axis: 1, into: "m/$2")]
    let back = try MappedReader(mapped, whole)
    #expect(try back.entries().map(\.key) == ["c", "m/b", "m/w"])
    #expect(try back.tensor(for: "m/w") == stored.tensors["m/w"])
    #expect(try back.tensor(for: "m/b") == stored.tensors["m/b"])
  }

  @Test func `makes two tensors where names look the same`() throws {
    let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
    var tensors: [TensorKey: AnyTensor] = [:]
    for (number, name) in ["\(composed).0", "\(composed).1", "\(decomposed).0"].enumerated() {
      tensors[TensorKey(name)] = AnyTensor(Tensor<Float>(Float(number)))
    }
    let mapped = try MappedReader(
      reader(tensors), [.stackMatches(#"\.(\d)$"#, axis: 0, into: "")])
    #expect(try mapped.entries().map(\.key) == [TensorKey(decomposed), TensorKey(composed)])
    #expect(try Tensor<Float>(mapped.tensor(for: TensorKey(composed))).array == [0, 1])
    #expect(try Tensor<Float>(mapped.tensor(for: TensorKey(decomposed))).array == [2])
  }

  @Test func `takes dimensions of 1 away, and adds them`() throws {
    let tensor = AnyTensor(Tensor<Float>(shape: [1, 2, 1], scalars: [1, 2]))
    let mapped = try MappedReader(
      reader(["w": tensor]),
      [.transform(.name("w"), .squeeze([2, 0])), .transform(.name("w"), .unsqueeze([2, 0]))])
    #expect(try mapped.tensor(for: "w") == tensor)
    func problem(_ transform: KeyMapping.Transform) -> String? {
      self.problem(reader(["w": tensor]), [.transform(.name("w"), transform)])
    }
    for axes in [[1], [0, 0], [3], [-1]] {
      #expect(
        problem(.squeeze(axes))?.contains(
          "[1, 2, 1] does not have a dimension of 1 at each of \(axes) (mismatch)") == true
      )
    }
    #expect(
      problem(.unsqueeze([0, 0]))?.contains(
        "[0, 0] are not different places in the 5 dimensions that [1, 2, 1] gets (mismatch)")
        == true)
  }

  @Test func `says why parts cannot be made, or put together`() throws {
    let two = AnyTensor(Tensor<Float>([1, 2]))
    let stored = reader(["l.0.w": two, "l.2.w": two, "l.x.w": two])
    func problem(_ rule: KeyMapping.Rule) -> String? {
      self.problem(stored, [rule])?.replacing("memory: rule 1 of the mapping: ", with: "")
    }
    #expect(
      problem(.stackMatches(#"^l\.(\d)\.w"#, axis: 0, into: "w"))
        == "number 1 of 'w' is missing, though 2 tensors are to be in it (notFound)")
    #expect(
      problem(.stackMatches(#"^l\.(.)\.w"#, axis: 0, into: "w"))
        == "the first group of the expression is no number in 'l.x.w' (invalidArgument)")
    #expect(
      problem(.stackMatches(#"l\.\d\.(.*)"#, axis: 0, into: "w"))
        == "the first group of the expression is no number in 'l.0.w' (invalidArgument)")
    #expect(
      problem(.unstack("^l.0", axis: 1, into: "$i"))
        == "'l.0.w', float32[2], has no dimension 1 (mismatch)")
    #expect(
      problem(.unstack("^l.0.w", axis: 0, into: "l.2.w"))
        == "there is a tensor 'l.2.w' already (duplicateName)")
    #expect(
      problem(.replace("l.(.)", with: "${1-1}"))
        == "'${1-1}' counts from '0', which is no number, or leads below zero (invalidArgument)")
    var many = reader([:])
    many.promised = ["w": TensorSpec(.float32, [1 << 40, 0])]
    #expect(
      self.problem(many, [.unstack("w", axis: 0, into: "$i")])
        == "memory: rule 1 of the mapping: with 'w', float32[1099511627776, 0], the rule would make more "
        + "than 1048576 tensors (limitExceeded)")
    let half = TensorSpec(.float32, [1 << 19, 0])  // no bytes, and ever more names
    many.promised = ["w0": half, "w1": half, "w2": half]
    let error = self.problem(many, [.unstack("^w.$", axis: 0, into: "$0/$i")])
    #expect(error?.contains("with 'w2'") == true)
  }

  @Test func `says which tensors do not go together, and what has no such dimension`() {
    let two = AnyTensor(Tensor<Float>([1, 2]))
    let stored = reader([
      "a.0": two, "b.0": two, "int": AnyTensor(Tensor<Int32>([1, 2])),
      "long": AnyTensor(Tensor<Float>([1, 2, 3])),
    ])
    for (rule, expected) in [
      (
        .split("a.0", axis: 1, into: ["x", "y"]),
        "'a.0', float32[2], has no dimension 1 (mismatch)"
      ),
      (
        .stack(["a.0", "b.0"], axis: 2, into: "w"),
        "a tensor [2] gets no new dimension at 2 (mismatch)"
      ),
      (
        .concatenate(["a.0", "b.0"], axis: 1, into: "w"),
        "a tensor float32[2] has no dimension 1 (mismatch)"
      ),
      (
        .concatenate(["a.0", "int"], axis: 0, into: "w"),
        "int32[2] and float32[2] cannot be put together (mismatch)"
      ),
      (
        .stack(["a.0", "long"], axis: 0, into: "w"),
        "float32[1, 3] and float32[1, 2] cannot be put together (mismatch)"
      ),
      (
        .concatenate([], axis: 0, into: "w"),
        "a rule needs the name of a tensor (invalidArgument)"
      ),
      (
        .stackMatches(#"^[ab]\.(\d)$"#, axis: 0, into: "w"),
        "'a.0' and 'b.0' are both number 0 of 'w' (duplicateName)"
      ),
    ] as [(KeyMapping.Rule, String)] {
      #expect(problem(stored, [rule]) == "memory: rule 1 of the mapping: \(expected)")
    }
  }

  @Test func `transposes as indices say`() throws {
    for seed in 0..<200 as Range<UInt64> {
      var rng = SeededGenerator(seed: seed)
      let shape = TensorShape((0..<3).map { _ in Int.random(in: 0...4, using: &rng) })
      let axes = [0, 1, 2].shuffled(using: &rng)
      let tensor = Tensor<Int32>(shape: shape, scalars: (0..<shape.elementCount).map(Int32.init))
      let result = try Tensor<Int32>(
        KeyMapping.Transform.transpose(axes).applied(to: AnyTensor(tensor)))
      #expect(result.shape.dimensions == axes.map { shape.dimensions[$0] }, "seed \(seed)")
      var wanted: [Int32] = []
      for i in 0..<result.shape.dimensions[0] {
        for j in 0..<result.shape.dimensions[1] {
          for k in 0..<result.shape.dimensions[2] {
            var indices = [0, 0, 0]
            for (axis, index) in zip(axes, [i, j, k]) { indices[axis] = index }
            wanted.append(tensor[indices[0], indices[1], indices[2]])
          }
        }
      }
      #expect(result.array == wanted, "seed \(seed)")
    }
  }

  @Test func `converts what the other type can hold, and says what it cannot`() throws {
    func convert<T: TensorScalar>(_ value: T, _ dtype: DType) throws -> AnyTensor {
      try KeyMapping.Transform.convert(to: dtype).applied(to: AnyTensor(Tensor(value)))
    }
    #expect(try Tensor<Int8>(convert(-128 as Float, .int8)).scalar == -128)
    #expect(try Tensor<UInt64>(convert(Int64.max, .uint64)).scalar == UInt64(Int64.max))
    #expect(try Tensor<Float>(convert(16_777_217 as Int64, .float32)).scalar == 16_777_216)
    #expect(try Tensor<BFloat16>(convert(1.00390625 as Float, .bfloat16)).scalar == BFloat16(1))
    #expect(try Tensor<Double>(convert(Float.nan, .float64)).scalar.isNaN)
    #expect(try Tensor<Float>(convert(-Double.infinity, .float32)).scalar == -.infinity)
    for (value, dtype) in [
      (Double.nan, .int32), (0.5, .int64), (128, .int8), (-1, .uint8), (1e39, .float32),
      (65_520, .float16), (3.4e38 * 1.001, .bfloat16), (.infinity, .int64), (0x1p63, .int64),
    ] as [(Double, DType)] {
      let error = #expect(throws: CheckpointError.self) { try convert(value, dtype) }
      #expect(
        error?.description == "element 0 is \(value), which no \(dtype.name) can be (mismatch)")
    }
    #expect(throws: CheckpointError.self) { try convert(true, .int8) }
  }

  // MARK: Hostile indexes

  @Test func `refuses shapes that no tensor can have`() {
    var stored = reader([:])
    stored.promised = [
      "empty": TensorSpec(.float32, [0, 1 << 40, 1 << 40]),
      "a": TensorSpec(.float32, [0, Int.max]), "b": TensorSpec(.float32, [0, 2]),
    ]
    let turn = problem(stored, [.transform(.name("empty"), .transpose([1, 2, 0]))])
    #expect(turn?.contains("no tensor can have the shape") == true)
    let join = problem(stored, [.concatenate(["a", "b"], axis: 1, into: "c")])
    #expect(join?.contains("no tensor can have the shape") == true)
    let split = problem(stored, [.split("b", axis: 1, into: ["x", "y"], lengths: [.max, 3])])
    #expect(split?.hasSuffix("does not divide (mismatch)") == true)
    let reshape = problem(stored, [.transform(.name("b"), .reshape([.max, 2, -1]))])
    #expect(reshape?.hasSuffix("(mismatch)") == true)
  }

  @Test(arguments: [.float32, .string] as [DType])
  func `makes no room for what an index only promises`(dtype: DType) throws {
    var stored = reader([:])
    stored.promised = [
      "a": TensorSpec(dtype, [1 << 40, 2]), "b": TensorSpec(dtype, [1 << 40, 2]),
    ]
    let mapped = try MappedReader(stored, [.concatenate(["a", "b"], axis: 0, into: "c")])
    let error = #expect(throws: CheckpointError.self) { try mapped.tensor(for: "c") }
    #expect(error?.code == .truncated)
  }
}
