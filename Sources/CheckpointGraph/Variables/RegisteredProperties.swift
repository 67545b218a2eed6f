public import CheckpointTensors

// Properties that are registered by hand, by their key paths.

extension DependencyRegistrar {
  /// Registers a stored property that holds a tensor, or any storable value.
  ///
  /// - Parameters:
  ///   - name: What it is called in the checkpoint.
  ///   - owner: The object.
  ///   - property: Where its value is; a restore writes it.
  ///   - formerNames: What it was called in older checkpoints.
  public mutating func variable<Owner: AnyObject, Value: TensorStorable>(
    _ name: String, of owner: Owner, _ property: ReferenceWritableKeyPath<Owner, Value>,
    formerly formerNames: [String] = []
  ) {
    let (variable, identity) = ValuePlace(owner, property).variable
    add(name, variable, identity)
    note(name, formerly: formerNames)
  }

  /// Registers a stored property that holds a number or a string, as a tensor without dimensions.
  ///
  /// - Parameters: As for properties that hold a tensor.
  public mutating func variable<Owner: AnyObject, Scalar: TensorScalar>(
    _ name: String, of owner: Owner, _ property: ReferenceWritableKeyPath<Owner, Scalar>,
    formerly formerNames: [String] = []
  ) {
    add(name, PlaceVariable(ValuePlace(owner, property).asTensor), .place)
    note(name, formerly: formerNames)
  }

  /// Registers a stored property that holds a tensor as an attribute of the owner itself, under a name of
  /// its own: as TensorFlow does with what `_serialize_to_tensors` returns.
  ///
  /// The key is `model/table/.ATTRIBUTES/offsets`, where `variable(_:of:_:)` makes it
  /// `model/table/offsets/.ATTRIBUTES/VARIABLE_VALUE`. All attributes of an object are restored together
  /// or not at all. What has other shapes from save to save is a ``TensorGroup``.
  ///
  /// - Parameters:
  ///   - name: The name of the attribute, without dots and slashes, which TensorFlow could not restore.
  ///   - owner: The object; no ``TensorVariable``, which has an attribute already.
  ///   - property: Where its value is; a restore writes it.
  ///   - formerNames: What it was called in older checkpoints.
  public mutating func attribute<Owner: AnyObject, Value: TensorStorable>(
    _ name: String, of owner: Owner, _ property: ReferenceWritableKeyPath<Owner, Value>,
    formerly formerNames: [String] = []
  ) {
    addAttribute(name, PlaceVariable(ValuePlace(owner, property)), formerNames)
  }

  /// Registers a stored property that holds a number or a string as an attribute of the owner itself, as a
  /// tensor without dimensions.
  ///
  /// - Parameters: As for properties that hold a tensor.
  public mutating func attribute<Owner: AnyObject, Scalar: TensorScalar>(
    _ name: String, of owner: Owner, _ property: ReferenceWritableKeyPath<Owner, Scalar>,
    formerly formerNames: [String] = []
  ) {
    addAttribute(name, PlaceVariable(ValuePlace(owner, property).asTensor), formerNames)
  }

  private mutating func addAttribute(
    _ name: String, _ variable: any TensorVariable, _ formerNames: [String]
  ) {
    attributes.append(
      NodeAttributes.Member(name: name, variable: variable, formerNames: formerNames))
  }
}
