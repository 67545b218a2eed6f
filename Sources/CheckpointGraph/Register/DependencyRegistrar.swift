import CheckpointIO
import CheckpointTensors

/// Takes down what belongs to an object: see ``Checkpointable/registerDependencies(in:)``.
public struct DependencyRegistrar {
  /// One thing that belongs to the object.
  struct Entry {
    let name: String
    let object: any Checkpointable
    let identity: Identity
    /// Its value, if that is known to be all that belongs to it.
    var value: NodeValue?
    /// Whether it is an array or a dictionary to which nothing belongs.
    var isEmptyPlace = false

    /// How the thing is told from others: an object by itself, or by the one it stands for; a place,
    /// such as an array, or a property that is a number, by the object that has it and the name.
    enum Identity {
      case object
      case foreign(AnyObject)
      case place
    }

    /// Whether it is the same thing as another one, which was registered for the same object.
    fileprivate func isSame(as other: Entry) -> Bool {
      switch (identity, other.identity) {
      case (.object, .object): object === other.object
      case (.foreign(let one), .foreign(let two)): one === two
      case (.object, .foreign(let two)): object === two
      case (.foreign(let one), .object): one === other.object
      case (.place, _), (_, .place): false
      }
    }
  }

  /// What is to be registered, and what tells it from other things.
  typealias Found = (object: any Checkpointable, identity: Entry.Identity)

  /// Something that cannot be part of a checkpoint.
  struct Problem {
    /// The names that lead to it from the owner.
    let path: [String]
    let error: CheckpointError
    /// If these objects are reached by another way, it is no problem; always one for `nil`.
    let objects: [AnyObject]?
  }

  /// What has been registered.
  private(set) var entries: [Entry] = []
  /// The object's own value.
  var value: NodeValue?
  /// Tensors of the object itself, under names of their own.
  var attributes: [NodeAttributes.Member] = []
  /// What entries were called before.
  private(set) var formerNames: [(name: String, former: [String])] = []
  /// What is wrong.
  private(set) var problems: [Problem] = []
  /// The type of the object, or of the one that holds it.
  private(set) var ownerType: Any.Type
  /// Whether no two things can have one name: all are properties of one class, or elements of a list.
  var haveUniqueNames = false
  /// Whether a property wrapper has given its value a name of its own.
  var hasNameOfWrapper = false
  /// What has been found by itself, and could be registered by hand as well; `nil` for nothing.
  var found: (entries: Range<Int>, problems: Range<Int>)?
  /// What the search for properties knows of the class of the object asked last: mostly the next one is
  /// of the same class.
  var lastClass: (type: ObjectIdentifier, properties: AnyObject?)?

  init(of owner: any Checkpointable) { ownerType = type(of: owner) }

  /// Begins with another object, in the same memory.
  ///
  /// - Parameter type: The type of the object, or of the one that holds it.
  mutating func begin(_ type: Any.Type) {
    ownerType = type
    if !entries.isEmpty { entries.removeAll(keepingCapacity: true) }
    value = nil
    if !attributes.isEmpty { attributes = [] }
    if !formerNames.isEmpty { formerNames = [] }
    (haveUniqueNames, hasNameOfWrapper) = (false, false)
    if !problems.isEmpty { problems = [] }
    found = nil
  }

  /// Registers an object under a name.
  ///
  ///     registrar.track(query, as: "query", formerly: ["q"])
  ///
  /// A restore looks for the name, then for the former ones in turn; a save writes the name. A checkpoint that
  /// has values under two of them is in conflict with the program: ``LoadStatus/conflicting``.
  ///
  /// - Parameters:
  ///   - object: The object.
  ///   - name: What it is called in the checkpoint.
  ///   - formerNames: What it was called in older checkpoints.
  public mutating func track(
    _ object: any Checkpointable, as name: String, formerly formerNames: [String] = []
  ) {
    add(name, object, .object)
    note(name, formerly: formerNames)
  }

  /// Registers an object under a name, if there is one.
  ///
  /// - Parameters: As for an object that is there.
  public mutating func track(
    _ object: (any Checkpointable)?, as name: String, formerly formerNames: [String] = []
  ) {
    if let object { track(object, as: name, formerly: formerNames) }
  }

  /// Notes what something that is registered was called before.
  mutating func note(_ name: String, formerly names: [String]) {
    if !names.isEmpty { formerNames.append((name, names)) }
  }

  /// Registers the elements of a list; nothing else belongs to it.
  mutating func setElements(_ elements: [Entry]) {
    entries = elements
    haveUniqueNames = true
  }

  /// Registers the object's own value.
  mutating func setValue(_ value: NodeValue) { self.value = value }

  /// Registers a thing under a name.
  mutating func add(
    _ name: String, _ object: any Checkpointable, _ identity: Entry.Identity,
    value: NodeValue? = nil, isEmptyPlace: Bool = false
  ) {
    if let reason = Self.reasonAgainst(name) { return refuse([name], reason) }
    entries.append(
      Entry(
        name: name, object: object, identity: identity, value: value, isEmptyPlace: isEmptyPlace))
    haveUniqueNames = false
  }

  /// Leaves one of what is there twice under one name; two things of one name are a problem.
  ///
  /// What has been registered by hand is no problem of the property of that name any more.
  mutating func finish() {
    if let found, !found.problems.isEmpty { settleProblems(found) }
    guard !haveUniqueNames, haveRepeatedNames else { return }
    var known: [TensorKey: Int] = [:]
    var kept: [Entry] = []
    for entry in entries {
      guard let first = known[TensorKey(entry.name)] else {
        known[TensorKey(entry.name)] = kept.count
        kept.append(entry)
        continue
      }
      if kept[first].isEmptyPlace {
        kept[first] = entry
      } else if !entry.isSame(as: kept[first]), !entry.isEmptyPlace {
        addDuplicate(entry, kept[first])
      }
    }
    entries = kept
  }

  private mutating func settleProblems(_ found: (entries: Range<Int>, problems: Range<Int>)) {
    let others = entries.indices.lazy.filter { !found.entries.contains($0) }
    let names = others.map { [entries] in entries[$0].name } + attributes.map(\.name)
    let isSettled = found.problems.map { index in
      names.contains { $0.hasSameBytes(as: problems[index].path[0]) }
    }
    for index in found.problems.reversed() where isSettled[index - found.problems.lowerBound] {
      problems.remove(at: index)
    }
    self.found = nil
  }

  // Few are compared with each other, many by way of a table.
  private var haveRepeatedNames: Bool {
    guard entries.count <= 8 else {
      return Set(entries.lazy.map { TensorKey($0.name) }).count < entries.count
    }
    return entries.indices.contains { index in
      entries[..<index].contains { $0.name.hasSameBytes(as: entries[index].name) }
    }
  }

  private mutating func addDuplicate(_ entry: Entry, _ first: Entry) {
    let types = "\(type(of: first.object)) and \(type(of: entry.object))"
    let error = CheckpointError(
      .duplicateName, "\(ownerType): two things have the name '\(entry.name)', \(types)")
    problems.append(Problem(path: [entry.name], error: error, objects: nil))
  }

  /// Notes something that cannot be part of a checkpoint, in a property of the object.
  mutating func refuse(
    _ path: [String], _ reason: String, holding objects: [AnyObject]? = nil
  ) {
    let place = path.joined(separator: "/")
    let error = CheckpointError(.invalidArgument, "\(ownerType), property '\(place)': \(reason)")
    problems.append(Problem(path: path, error: error, objects: objects))
  }

  /// Notes a problem.
  mutating func note(_ problem: Problem) { problems.append(problem) }

  // TensorFlow looks for the first `.ATTRIBUTES/` in a key, and would find it too early.
  private static func reasonAgainst(_ name: String) -> String? {
    guard name.utf8.count >= 11, name.utf8.suffix(11).elementsEqual(".ATTRIBUTES".utf8) else {
      return nil
    }
    return "a name that ends in '.ATTRIBUTES' cannot be restored by TensorFlow; choose another"
  }
}
