import CheckpointIO

// Properties that are found by looking at the object.

extension Checkpointable where Registered == Self {
  /// Registers the stored properties, those of superclasses first.
  public func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.trackProperties(of: self)
  }
}

extension DependencyRegistrar {
  /// Registers what an array, dictionary, tuple or optional holds, as a property of that name.
  ///
  /// - Parameters:
  ///   - value: Also an object; `nil` registers nothing.
  ///   - name: What it is called in the checkpoint.
  ///   - formerNames: What it was called in older checkpoints.
  @_disfavoredOverload
  public mutating func track(_ value: Any, as name: String, formerly formerNames: [String] = []) {
    var reflection = Reflection()
    add(reflection.dependency(in: value), as: name)
    noteProblems(of: name, &reflection)
    note(name, formerly: formerNames)
  }

  /// Registers the stored properties of an object, those of superclasses first, named by their
  /// labels.
  ///
  /// A property that holds values which would be forgotten is an error, unless it is left out, or
  /// registered under its label besides.
  ///
  /// - Parameters:
  ///   - object: The object.
  ///   - excluded: Labels of properties that are left out. One that no property has is a problem.
  public mutating func trackProperties(of object: AnyObject, except excluded: Set<String> = []) {
    let (entryCount, problemCount) = (entries.count, problems.count)
    var reflection = Reflection()
    if let known = storedProperties(of: object) {
      for index in known.properties.indices
      where excluded.isEmpty || !known.properties[index].label.isAny(of: excluded) {
        let dependency = known.dependency(index, of: object, &reflection)
        add(dependency, known.properties[index].label, &reflection)
      }
      checkLabels(excluded, among: known.labels)
      haveUniqueNames = entryCount == 0 && known.haveUniqueNames && !hasNameOfWrapper
    } else {
      trackMirroredProperties(of: object, except: excluded, &reflection)
    }
    found = (entryCount..<entries.count, problemCount..<problems.count)
  }

  /// Refuses an object of whose class nothing is registered, although it holds objects: a superclass
  /// registers by hand, and knows nothing of its subclasses.
  mutating func checkOwnProperties(of object: AnyObject) {
    guard found == nil else { return }
    let own = Reflection.children(of: object).suffix(Mirror(reflecting: object).children.count)
    let held = own.filter { $0.traits.isStrong && $0.value is any Checkpointable }
    guard !held.isEmpty, !held.contains(where: { isRegistered($0.value as AnyObject) }) else {
      return
    }
    let names = held.map { $0.label.wrappedName ?? $0.label.name }
    refuse(
      [names[0]],
      "nothing that \(ownerType) itself holds is registered, \(NameList.text(names)): if a superclass "
        + "registers by hand, it has to call super.registerDependencies(in:) or trackProperties(of: self), "
        + "or \(ownerType) overrides the method; what is not to be saved is marked @NoDependency")
  }

  // A misspelled label would leave out nothing.
  private mutating func checkLabels(_ excluded: Set<String>, among labels: [PropertyLabel]) {
    for label in excluded.subtracting(labels.flatMap(\.possibleNames)).sorted() {
      refuse(
        [label],
        "there is no such property to be left out; give its label, not its key in the checkpoint")
    }
  }

  private func isRegistered(_ object: AnyObject) -> Bool {
    entries.contains { $0.object === object }
  }

  private mutating func trackMirroredProperties(
    of object: AnyObject, except excluded: Set<String>, _ reflection: inout Reflection
  ) {
    let children = Reflection.children(of: object)
    for child in children where !child.label.isAny(of: excluded) {
      add(reflection.dependency(in: child), child.label, &reflection)
    }
    checkLabels(excluded, among: children.map(\.label))
    haveUniqueNames = false
  }

  private mutating func storedProperties(of object: AnyObject) -> StoredProperties? {
    let type = ObjectIdentifier(type(of: object))
    if let lastClass, lastClass.type == type {
      // Nobody else puts anything there.
      return lastClass.properties.map { unsafe unsafeDowncast($0, to: StoredProperties.self) }
    }
    let properties = StoredProperties.of(object)
    lastClass = (type, properties)
    return properties
  }

  private mutating func add(
    _ dependency: FoundDependency, _ label: PropertyLabel, _ reflection: inout Reflection
  ) {
    var name = label.name
    if case .wrapped(let inner, let own) = dependency {
      if own != nil { hasNameOfWrapper = true }
      name = own ?? label.wrappedName ?? name
      add(inner, as: name)
    } else {
      add(dependency, as: name)
    }
    noteProblems(of: name, &reflection)
  }

  // What has been found in a property, and cannot be part of a checkpoint.
  private mutating func noteProblems(of name: String, _ reflection: inout Reflection) {
    guard !reflection.problems.isEmpty else { return }
    for problem in reflection.takeProblems() {
      refuse([name] + problem.path, problem.reason, holding: problem.objects)
    }
  }
}
