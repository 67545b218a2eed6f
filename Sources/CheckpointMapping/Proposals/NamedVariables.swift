import CheckpointTensors

/// The variables of one side: a checkpoint's, or a program's.
struct NamedVariables {
  /// What they are.
  let specs: [TensorSpec]
  /// Their names.
  let names: [ParsedName]

  init(_ variables: [(name: [UInt8], spec: TensorSpec)]) {
    let parser = NameParser(variables.map(\.name))
    specs = variables.map(\.spec)
    names = variables.map { parser.parse($0.name) }
  }

  /// Groups some of them by their templates.
  func families(of indices: [Int], _ dictionary: inout WordDictionary) -> [NameFamily] {
    var groups: [NameTemplate: [Int]] = [:]
    var order: [NameTemplate] = []
    for index in indices {
      let template = names[index].template
      if groups[template] == nil { order.append(template) }
      groups[template, default: []].append(index)
    }
    mergeUnnumbered(&groups, order)
    return order.compactMap { template in
      groups[template].map { family(of: $0, parent: names[$0[0]].parentTemplate, &dictionary) }
    }
  }

  /// Each of them by itself.
  func singles(of indices: [Int], _ dictionary: inout WordDictionary) -> [NameFamily] {
    indices.map { family(of: [$0], parent: names[$0].parent, &dictionary) }
  }

  private func family(of indices: [Int], parent: [UInt8], _ dictionary: inout WordDictionary)
    -> NameFamily
  {
    let name = names[indices[0]]
    let arity = indices.map { names[$0].numbers.count }.max() ?? 0
    let members = indices.map { index in
      let numbers = names[index].numbers
      let isUnnumbered = numbers.count < arity
      return NameFamily.Member(index: index, numbers: isUnnumbered ? numbers + [0] : numbers)
    }
    let sequence = dictionary.numbers(of: name.words)
    return NameFamily(
      members: members.sorted { $0.numbers.lexicographicallyPrecedes($1.numbers) },
      words: Set(sequence).sorted(), sequence: sequence, slot: name.slot, role: name.role,
      parent: parent)
  }

  // TensorFlow calls the first of several `dense`, and then `dense_1`, `dense_2`: only names with one
  // number, so that it is clear which it is.
  private func mergeUnnumbered(_ groups: inout [NameTemplate: [Int]], _ order: [NameTemplate]) {
    for template in order where template.numberCount == 1 {
      guard let indices = groups[template], let bare = template.withoutNumber,
        let first = groups[bare], first.count == 1,
        !indices.contains(where: { names[$0].numbers == [0] })
      else { continue }
      groups[template]?.append(first[0])  // behind the others: they say what the family is
      groups[bare] = nil
    }
  }
}

extension NameTemplate {
  // `dense_#/kernel` without `_#`.
  fileprivate var withoutNumber: NameTemplate? {
    guard let place = bytes.firstIndex(of: Self.number), place > 0,
      bytes[place - 1] == UInt8(ascii: "_")
    else { return nil }
    var shorter = bytes
    shorter.removeSubrange(place - 1...place)
    return NameTemplate(bytes: shorter)
  }
}
