import CheckpointStore
import CheckpointMapping
import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
@testable import Checkpoints
import Testing

/// Mappings proposed from names, dtypes and shapes.
@Suite struct MappingProposalTests {
  typealias Variable = (name: TensorKey, spec: TensorSpec)

  private func floats(_ variables: [(String, TensorShape)]) -> [Variable] {
    variables.map { (TensorKey($0.0), TensorSpec(.float32, $0.1)) }
  }

  /// Proposes, and checks what has to hold for every proposal: each name once, and rules that do what
  /// the pairs say.
  private func propose(_ stored: [Variable], _ wanted: [Variable], _ comment: Comment? = nil) throws
    -> KeyMapping.Proposal
  {
    let proposal = KeyMapping.Proposal(stored: stored, wanted: wanted)
    let specs = Dictionary(uniqueKeysWithValues: wanted.map { ($0.name, $0.spec) })
    let open = proposal.ambiguous.map(\.wanted) + proposal.missing
    #expect(Set(proposal.pairs.map(\.wanted) + open) == Set(specs.keys), comment)
    #expect(proposal.pairs.count + open.count == specs.count, comment)
    let used = proposal.pairs.map(\.stored) + proposal.unused
    #expect(used.count == stored.count && Set(used) == Set(stored.map(\.name)), comment)
    let reader = MemoryReader(promised: Dictionary(uniqueKeysWithValues: stored.map { ($0, $1) }))
    let mapped = try MappedReader(reader, proposal.mapping)
    let read = try KeyMapping(json: proposal.mapping.json())
    #expect(read.description == proposal.mapping.description, comment)
    for pair in proposal.pairs {
      #expect(mapped.sources(of: pair.wanted) == [pair.stored], comment)
      #expect(try mapped.entry(for: pair.wanted)?.spec == specs[pair.wanted], comment)
      #expect((0...1).contains(pair.confidence), comment)
    }
    return proposal
  }

  private func counterparts(_ proposal: KeyMapping.Proposal) -> [TensorKey: TensorKey] {
    Dictionary(uniqueKeysWithValues: proposal.pairs.map { ($0.wanted, $0.stored) })
  }

  // MARK: Names of real models

  /// The variables of BERT as its authors' TensorFlow program names them, and as a program in another
  /// framework may: kernels transposed, other words, points for slashes.
  private func bert() -> (stored: [Variable], wanted: [Variable], truth: [TensorKey: TensorKey]) {
    let parts: [(String, String, TensorShape)] = [
      ("attention/self/query", "attention.q", [768, 768]),
      ("attention/self/key", "attention.k", [768, 768]),
      ("attention/self/value", "attention.v", [768, 768]),
      ("attention/output/dense", "attention.o", [768, 768]),
      ("intermediate/dense", "fc1", [768, 3072]), ("output/dense", "fc2", [3072, 768]),
    ]
    let norms = [
      ("attention/output/LayerNorm", "attention_norm"), ("output/LayerNorm", "final_norm"),
    ]
    var pairs: [(String, TensorShape, String, TensorShape)] = []
    for layer in 0..<12 {
      let (old, new) = ("bert/encoder/layer_\(layer)/", "encoder.layers.\(layer).")
      for (stored, wanted, shape) in parts {
        let turned = TensorShape(shape.dimensions.reversed())
        let width = TensorShape([shape.dimensions[1]])
        pairs.append((old + stored + "/kernel", shape, new + wanted + ".weight", turned))
        pairs.append((old + stored + "/bias", width, new + wanted + ".bias", width))
      }
      for (stored, wanted) in norms {
        pairs.append((old + stored + "/gamma", [768], new + wanted + ".weight", [768]))
        pairs.append((old + stored + "/beta", [768], new + wanted + ".bias", [768]))
      }
    }
    pairs.append(
      ("bert/embeddings/word_embeddings", [30_522, 768], "embeddings.words.weight", [30_522, 768]))
    let stored = floats(pairs.map { ($0.0, $0.1) })
    let slots = stored.flatMap { variable in
      ["/adam_m", "/adam_v"].map { (TensorKey(variable.name.description + $0), variable.spec) }
    }
    let truth = Dictionary(uniqueKeysWithValues: pairs.map { (TensorKey($0.2), TensorKey($0.0)) })
    return (stored + slots, floats(pairs.map { ($0.2, $0.3) }), truth)
  }

  @Test func `finds the variables of a transformer in another framework's names and layout`() throws
  {
    let (stored, wanted, truth) = bert()
    let proposal = try propose(stored, wanted)
    #expect(counterparts(proposal) == truth)
    #expect(proposal.ambiguous.isEmpty && proposal.missing.isEmpty)
    // Square kernels too: the others show that all are transposed.
    for pair in proposal.pairs where pair.stored.description.hasSuffix("/kernel") {
      #expect(pair.transform == .transpose([1, 0]))
      #expect(pair.confidence <= 0.9)
    }
    #expect(proposal.mapping.rules.count < 20)
    #expect(
      proposal.mapping.description.hasPrefix(
        #"[.transform(.suffix("/kernel"), .transpose([1, 0])), .replace("/", with: "."), "#
          + #".replace("(^|[/.])beta$", with: "$1bias"), "#))
  }

  @Test func `one prefix for another is one rule, and is sure`() throws {
    let (stored, _, _) = bert()
    let wanted = stored.prefix(150).map { variable in
      (TensorKey("model/" + variable.name.description.dropFirst("bert/".count)), variable.spec)
    }
    let proposal = try propose(stored, wanted)
    #expect(proposal.pairs.count == 150)
    #expect(proposal.mapping.description == #"[.prefix("bert/", to: "model/")]"#)
    #expect(proposal.pairs.allSatisfy { $0.confidence > 0.85 })
  }

  @Test func `equal names need no rule`() throws {
    let variables = floats([("a/w", [2, 3]), ("a/b", [3])])
    let proposal = try propose(variables, variables)
    #expect(proposal.pairs.map(\.confidence) == [1, 1])
    #expect(proposal.mapping.rules.isEmpty)
  }

  @Test func `finds slot variables by their slots`() throws {
    let shapes: [(String, TensorShape)] = [("kernel", [4, 3]), ("bias", [3])]
    let old = ["", "/Adam", "/Adam_1"]
    let new = ["", "/.OPTIMIZER_SLOT/optimizer/m", "/.OPTIMIZER_SLOT/optimizer/v"]
    let proposal = try propose(
      floats(shapes.flatMap { leaf, shape in old.map { ("dense/\(leaf)\($0)", shape) } }),
      floats(
        shapes.flatMap { leaf, shape in
          new.map { ("model/dense/\(leaf)\($0)/.ATTRIBUTES/VARIABLE_VALUE", shape) }
        }))
    let found = counterparts(proposal)
    #expect(found.count == 6)
    for (leaf, _) in shapes {
      for (slot, path) in zip(old, new) {
        let wanted = TensorKey("model/dense/\(leaf)\(path)/.ATTRIBUTES/VARIABLE_VALUE")
        #expect(found[wanted] == TensorKey("dense/\(leaf)\(slot)"))
      }
    }
  }

  private func layer(_ name: String) -> [(String, TensorShape)] {
    [("\(name)/kernel", [8, 8]), ("\(name)/bias", [8])]
  }

  @Test func `counts what TensorFlow has not numbered as the first`() throws {
    let stored = ["dense", "dense_1", "dense_2", "dense_10"]
    let proposal = try propose(
      floats(stored.flatMap(layer)), floats((0..<4).flatMap { layer("layers/\($0)") }))
    let found = counterparts(proposal)
    for (index, name) in stored.enumerated() {
      #expect(found[TensorKey("layers/\(index)/kernel")] == TensorKey("\(name)/kernel"))
      #expect(found[TensorKey("layers/\(index)/bias")] == TensorKey("\(name)/bias"))
    }
  }

  @Test func `takes away what TensorFlow adds to the paths of objects`() throws {
    let proposal = try propose(
      floats(
        (0..<3).map {
          ("model/layer-\($0)/kernel/.ATTRIBUTES/VARIABLE_VALUE", TensorShape([$0 + 2, $0 + 3]))
        }), floats((0..<3).map { ("layers/\($0)/kernel", TensorShape([$0 + 2, $0 + 3])) }))
    #expect(proposal.pairs.count == 3)
    #expect(
      proposal.mapping.description == ##"[.replace(#"/\.ATTRIBUTES/VARIABLE_VALUE$"#, with: ""), "##
        + ##".replace(#"^model/layer-(\d+)/"#, with: "layers/$1/")]"##)
  }

  @Test func `turns the kernels of convolutions, and reshapes what has dimensions of 1`() throws {
    let proposal = try propose(
      floats([
        ("conv1/kernel", [5, 5, 3, 16]), ("conv2/kernel", [3, 3, 16, 16]),
        ("mix/kernel", [1, 8, 24]), ("point/kernel", [1, 1, 9, 9]),
      ]),
      floats([
        ("conv1.weight", [16, 3, 5, 5]), ("conv2.weight", [16, 16, 3, 3]),
        ("mix.weight", [8, 24]), ("point.weight", [9, 9, 1, 1]),
      ]))
    #expect(
      proposal.pairs.map(\.transform) == [
        .transpose([3, 2, 0, 1]), .transpose([3, 2, 0, 1]), .reshape([8, 24]),
        .transpose([3, 2, 0, 1]),
      ])
  }

  @Test func `converts where only the dtype differs`() throws {
    let proposal = try propose(
      [("a/w", TensorSpec(.float32, [2])), ("a/s", TensorSpec(.string, []))],
      [("b/w", TensorSpec(.bfloat16, [2])), ("b/s", TensorSpec(.int64, []))])
    #expect(proposal.pairs.map(\.transform) == [.convert(to: .bfloat16)])
    #expect(proposal.missing == ["b/s"])
  }

  // MARK: What is left open

  @Test func `leaves open what nothing but the shape speaks for`() throws {
    let proposal = try propose(
      floats([("left/kernel", [8, 8]), ("right/kernel", [8, 8]), ("head/kernel", [8, 2])]),
      floats([("first/kernel", [8, 8]), ("second/kernel", [8, 8]), ("head/kernel", [8, 2])]))
    #expect(proposal.pairs.map(\.wanted) == ["head/kernel"])
    #expect(proposal.ambiguous.map(\.wanted) == ["first/kernel", "second/kernel"])
    #expect(
      proposal.ambiguous.allSatisfy { Set($0.candidates) == ["left/kernel", "right/kernel"] })
    #expect(proposal.mapping.rules.isEmpty)
    #expect(proposal.unused == ["left/kernel", "right/kernel"])
  }

  @Test func `does not make a bias of a norm's scale, nor a slot of a variable`() throws {
    let proposal = try propose(
      floats([("norm/gamma", [8]), ("norm/gamma/Adam", [8]), ("norm/moving_mean", [8])]),
      floats([("norm/bias", [8]), ("norm/moving_variance", [8]), ("norm/gamma/Momentum", [8])]))
    #expect(proposal.pairs.isEmpty)
    #expect(proposal.missing.count == 3)
  }

  @Test func `moves what is in the way of a name`() throws {
    let proposal = try propose(
      floats([("net/w", [4, 4]), ("old/net/w", [2, 3]), ("old/net/b", [3])]),
      floats([("net/w", [2, 3]), ("net/b", [3])]))
    #expect(counterparts(proposal) == ["net/w": "old/net/w", "net/b": "old/net/b"])
  }

  @Test func `swaps names that are each other's`() throws {
    let proposal = try propose(
      floats([("a/x/kernel", [2, 3]), ("a/y/kernel", [4, 5])]),
      floats([("a/x/kernel", [4, 5]), ("a/y/kernel", [2, 3])]))
    #expect(counterparts(proposal) == ["a/x/kernel": "a/y/kernel", "a/y/kernel": "a/x/kernel"])
  }

  // MARK: Odd names

  @Test func `takes names with any characters in them`() throws {
    let odd = [
      "a.b$1(c)[d]{e}|f*g+h?i^j\\k", "日本語/重み", "a/\u{301}e", "$0", "a//b", "/", "é", "\n", "a b/#c",
    ]
    let proposal = try propose(
      floats(odd.enumerated().map { ("old/\($1)/kernel", [$0 + 2, $0 + 3]) }),
      floats(odd.enumerated().map { ("new/\($1)/kernel", [$0 + 2, $0 + 3]) }))
    #expect(proposal.pairs.count == odd.count)
    #expect(proposal.mapping.description == #"[.prefix("old/", to: "new/")]"#)
  }

  @Test func `takes empty names, numbers without end, and names that are no UTF-8`() throws {
    let digits = String(repeating: "9", count: 1000)
    let stored: [TensorKey] = [
      "", "0", TensorKey(digits), TensorKey("a/\(digits)/w"), "00/w", "0/w", "/Adam",
    ]
    let spec = TensorSpec(.float32, [2, 3])
    _ = try propose(
      stored.map { ($0, spec) },
      stored.map { (TensorKey(bytes: Array("x/".utf8) + $0.bytes), spec) })
    let odd = KeyMapping.Proposal(
      stored: [(TensorKey(bytes: [0xFF]), spec)], wanted: [(TensorKey(bytes: [0xFE, 0x2F]), spec)])
    #expect(odd.pairs.isEmpty && odd.mapping.rules.isEmpty)
    #expect(odd.missing == [TensorKey(bytes: [0xFE, 0x2F])])
    #expect(odd.unused == [TensorKey(bytes: [0xFF])])
    #expect(try propose([], []).description == "0 of 0 variables have a counterpart")
  }

  // An é of one character, and one of two: one to a dictionary, two in a checkpoint.
  @Test(arguments: [["x", "y"], ["caf\u{E9}", "cafe\u{301}"]])
  func `names that look the same keep their counterparts`(wanted: [String]) throws {
    let proposal = try propose(
      floats([
        ("cafe\u{301}/kernel", [2, 3]), ("caf\u{E9}/kernel", [4, 5]), ("caf\u{E9}/kernel_2", [7]),
      ]), floats([("\(wanted[0])/kernel", [2, 3]), ("\(wanted[1])/kernel", [4, 5])]))
    #expect(proposal.pairs.count == 2)
  }

  // Rules are texts: nothing is said of such a name, not even that it stays.
  @Test func `names that are no UTF-8 are named among those without a counterpart`() throws {
    let spec = TensorSpec(.float32, [2])
    let odd = [TensorKey(bytes: [0x61, 0xFF]), TensorKey(bytes: [0xFE])]
    let proposal = try propose(
      [("b", spec), ("left", TensorSpec(.int8, []))] + odd.map { ($0, spec) },
      odd.reversed().map { ($0, spec) } + [("b", spec)])
    #expect(counterparts(proposal) == ["b": "b"])
    #expect(proposal.missing == odd)
    #expect(proposal.unused == [odd[0], "left", odd[1]])
    #expect(
      proposal.description
        == "1 of 3 variables have a counterpart\n1.00  b -> b\nnone  a\\xff\nnone  \\xfe")
  }

  @Test func `proposes rules that do what the pairs say, for any names`() throws {
    let words = [
      "enc", "dec", "layer_0", "layer_1", "layer_11", "fc1", "h0", "h1", "h2", "norm", "q",
    ]
    let leaves = ["kernel", "bias", "gamma", "w", "weight", "Adam", "Adam_1", "x", "moving_mean"]
    for seed in 0..<300 as Range<UInt64> {
      var rng = SeededGenerator(seed: seed)
      var names: [Set<String>] = [[], []]
      for side in 0..<2 {
        for _ in 0..<Int.random(in: 0...24, using: &rng) {
          let separator = side == 0 || Bool.random(using: &rng) ? "/" : "."
          let path = (0..<Int.random(in: 0...3, using: &rng)).map { _ in
            words.randomElement(using: &rng) ?? ""
          }
          let leaf = leaves.randomElement(using: &rng) ?? ""
          names[side].insert((path + [leaf]).joined(separator: separator))
        }
      }
      let shapes: [TensorShape] = [[2, 3], [3, 2], [3], [3, 3], [1, 3], []]
      let sides = names.map { side in
        side.sorted().map { name in
          (
            TensorKey(name),
            TensorSpec(
              Bool.random(using: &rng) ? .float32 : .float64,
              shapes.randomElement(using: &rng) ?? [])
          )
        }
      }
      _ = try propose(sides[0], sides[1], "seed \(seed)")
    }
  }

  @Test(.timeLimit(.minutes(20))) func `is not lost in a name of many words`() throws {
    func name(_ letter: String) -> String {
      (0..<60_000).map { "\(letter)\($0)\(letter)" }.joined(separator: "/")
    }
    let proposal = try propose(floats([(name("a"), [2])]), floats([(name("b"), [2])]))
    #expect(proposal.pairs.isEmpty)
  }

  @Test(.timeLimit(.minutes(20))) func `is not lost in thousands of equal shapes`() throws {
    // Each name has words of its own, so that no family helps.
    func name(_ number: Int) -> String {
      let letters = [number / 676, number / 26 % 26, number % 26].map { digit in
        String(Unicode.Scalar(UInt8(ascii: "a") + UInt8(digit)))
      }
      return letters.map { "part\($0)" }.joined(separator: "/")
    }
    let numbers = Array(1000..<3000)
    let proposal = try propose(
      floats(numbers.map { ("net/\(name($0))/kernel", [8, 8]) }),
      floats(numbers.map { ("model/\(name($0))/kernel", [8, 8]) }))
    let found = counterparts(proposal)
    let right = numbers.count {
      found[TensorKey("model/\(name($0))/kernel")] == TensorKey("net/\(name($0))/kernel")
    }
    #expect(right == found.count)
    #expect(right > numbers.count / 2)
  }

  // MARK: In errors

  @Test func `a restore that misses names says which mapping would fit`() throws {
    let directory = try TemporaryDirectory()
    let (kernel, bias) = (
      Checkpoints.Variable<Float>(repeating: 1, shape: [2, 3]),
      Checkpoints.Variable<Float>(repeating: 2, shape: [3])
    )
    let path = try Saver(["bert/dense/kernel": kernel, "bert/dense/bias": bias])
      .save(to: directory.path("m"))
    let (w, b) = (
      Checkpoints.Variable<Float>(repeating: 0, shape: [2, 3]),
      Checkpoints.Variable<Float>(repeating: 0, shape: [3])
    )
    let saver = try Saver(["encoder/dense/kernel": w, "encoder/dense/bias": b])
    let error = #expect(throws: CheckpointError.self) { try saver.restore(from: path) }
    #expect(
      error?.message
        == "2 of 2 variables cannot be restored; nothing has been changed; a mapping would fit 2 of the "
        + #"2 missing: [.prefix("bert/", to: "encoder/")]; KeyMapping.Proposal and 'checkpoint suggest' "#
        + "show all of it")
    #expect(w.value.array == [0, 0, 0, 0, 0, 0])
    let proposal = try KeyMapping.Proposal(from: CheckpointReader(path), to: saver)
    try saver.restore(from: path, mapping: proposal.mapping)
    #expect(w.value.array == [1, 1, 1, 1, 1, 1])
    #expect(b.value.array == [2, 2, 2])
  }

  @Test func `proposes a mapping to the variables of objects`() throws {
    let directory = try TemporaryDirectory()
    let kernel = Checkpoints.Variable<Float>(repeating: 1, shape: [2, 3])
    let bias = Checkpoints.Variable<Float>(repeating: 2, shape: [3])
    let path = try Checkpoint([
      "bert": TestModule(["dense": TestModule(["kernel": kernel, "bias": bias])])
    ])
    .save(to: directory.path("m"))
    let layer = TestModule([
      "kernel": Checkpoints.Variable<Float>(repeating: 0, shape: [2, 3]),
      "bias": Checkpoints.Variable<Float>(repeating: 0, shape: [3]),
    ])
    let checkpoint = try Checkpoint(["encoder": TestModule(["dense": layer])])
    let proposal = try KeyMapping.Proposal(from: CheckpointReader(path), to: checkpoint)
    #expect(proposal.pairs.map(\.wanted) == ["encoder/dense/bias", "encoder/dense/kernel"])
    #expect(proposal.missing.isEmpty)
    _ = try checkpoint.restore(
      from: path, mapping: proposal.mapping, options: RestoreOptions(.partial))
    #expect((layer.properties[0].value as? Checkpoints.Variable<Float>)?.value.array.first == 1)
  }

  @Test(arguments: [true, false])
  func `a comparison that finds nothing says whether names match`(doNamesMatch: Bool) throws {
    let directory = try TemporaryDirectory()
    let path = try Checkpoint([
      "old": TestModule([
        "w": Checkpoints.Variable<Float>([1], name: doNamesMatch ? "model/w" : "x")
      ])
    ]).write(to: directory.path("m"))
    let checkpoint = try Checkpoint([
      "model": TestModule(["w": Checkpoints.Variable<Float>([0])])
    ])
    let comparison = try checkpoint.compare(with: path)
    #expect(comparison.countByName == (doNamesMatch ? 1 : 0))
    try checkpoint.save(to: directory.path("own"))  // it has a counter now
    #expect(try checkpoint.compare(with: path).countByName == comparison.countByName)
    let line = comparison.description.split(separator: "\n")[0]
    #expect(
      line.hasSuffix(
        doNamesMatch
          ? "0 match as objects; 1 do by names: restore with mapping: []"
          : "0 match as objects, and none by names"))
    if doNamesMatch {
      _ = try checkpoint.restore(from: path, mapping: [], options: RestoreOptions(.partial))
      #expect(try checkpoint.compare(with: path, mapping: []).countByName == nil)
    }
  }

  @Test func `a restore says nothing of mappings where none would help`() throws {
    let directory = try TemporaryDirectory()
    let stored = Checkpoints.Variable<Float>(repeating: 1, shape: [7])
    let path = try Saver(["a": stored]).save(to: directory.path("m"))
    let (w, b) = (
      Checkpoints.Variable<Float>(repeating: 0, shape: [2, 3]),
      Checkpoints.Variable<Float>(repeating: 0, shape: [3])
    )
    let error = #expect(throws: CheckpointError.self) {
      try Saver(["x/kernel": w, "x/bias": b]).restore(from: path)
    }
    #expect(error?.message == "2 of 2 variables cannot be restored; nothing has been changed")
  }

  @Test func `shows rules, pairs and what is left open`() throws {
    let proposal = try propose(
      floats([
        ("a/x/kernel", [2, 3]), ("a/x/bias", [3]), ("p/kernel", [5, 5]), ("q/kernel", [5, 5]),
      ]), floats([("b/x/kernel", [2, 3]), ("b/x/bias", [3]), ("r/kernel", [5, 5]), ("s/t", [])]))
    let lines = proposal.description.split(separator: "\n")
    #expect(lines[0] == "2 of 4 variables have a counterpart")
    #expect(lines[1] == #"  .prefix("a/", to: "b/")"#)
    #expect(lines[2].hasSuffix("  a/x/bias -> b/x/bias"))
    #expect(lines[3].hasSuffix("  a/x/kernel -> b/x/kernel"))
    #expect(lines[4...] == ["open  r/kernel: p/kernel, q/kernel", "none  s/t"])
  }
}
