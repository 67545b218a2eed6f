/// What a restore does with variables and values that do not fit.
public struct RestoreOptions: Sendable, Hashable {
  /// Which variables have to get a value.
  public enum Completeness: Sendable, Hashable {
    /// All of them, or nothing changes. This is the default.
    case all
    /// Those that the checkpoint has. The report lists the others. A value that does not fit is an
    /// error.
    case partial
    /// Those that the checkpoint has and that fit. The report lists the others.
    case matching
  }

  /// Where the values go while they are read.
  ///
  /// With every placement, all variables get their values from the same checkpoint. If the
  /// checkpoint is deleted or replaced while it is read, the restore begins again with the one that
  /// is there then, but only as long as no variable has changed.
  public enum Placement: Sendable, Hashable {
    /// All values into new memory, before the first variable changes. This is the default.
    ///
    /// If the checkpoint turns out to be damaged, nothing has changed. The restore takes as much
    /// memory again as the variables.
    case transactional
    /// Into new memory, one variable at a time.
    ///
    /// Each variable changes when its tensor has been read and checked. The restore takes as much
    /// memory again as the largest variable. The error for a damaged tensor says which variables
    /// have changed before.
    case replacing
    /// Into the variables' own memory, without a second copy, if they allow it.
    ///
    /// The error for a damaged tensor says which variable is undefined and which ones have changed
    /// before.
    case inPlace
    /// Nowhere: the variables become views of the mapped files.
    ///
    /// All files are mapped before the first variable changes. A restore takes next to no time and
    /// no memory. The system reads values when they are used, and the first change of a variable
    /// copies its values.
    ///
    /// Some values do not lie in the files as memory needs them. The restore reads those as with
    /// ``transactional``: strings, parts of partitioned variables, numbers in another byte order,
    /// tensors whose offset is no multiple of the size of their numbers (see
    /// ``SaveOptions/alignment``), and formats other than V2.
    ///
    /// - Parameter isChecked: Whether checksums are compared. This reads the files once, but copies
    ///   nothing. Without it, damage in mapped values is not noticed.
    /// - Warning: The files must not change for as long as a variable has such values. If somebody
    ///   writes into them, the values change. If somebody makes them shorter, the process ends when
    ///   it touches the missing part (SIGBUS). It does no harm to remove the files, or to replace
    ///   them by a save, since a save never writes into an existing file.
    case mapped(isChecked: Bool = true)
  }

  /// Which variables have to get a value.
  public var completeness: Completeness
  /// Where the values go while they are read.
  public var placement: Placement
  /// Whether a tensor may go into a variable of another shape with as many elements.
  public var allowsReshape: Bool
  /// Whether no more is read of a stored tensor, or of a stored part of one, than a
  /// ``PartitionedVariable`` wants of it.
  ///
  /// A checkpoint of the format V2 has a checksum of each tensor, or of each part, as a whole. By default
  /// all of it is read, so that damage is noticed. Where each of many processes restores a small part of
  /// what was saved in large ones, that is many times as much as they need. With `true` each reads its own
  /// part, and damage in it is noticed only where all of a stored part is wanted. A ``Verification`` by one
  /// process, beforehand, finds it.
  public var readsOnlyParts: Bool

  /// Creates options.
  public init(
    _ completeness: Completeness = .all, placement: Placement = .transactional,
    allowsReshape: Bool = false, readsOnlyParts: Bool = false
  ) {
    self.readsOnlyParts = readsOnlyParts
    self.completeness = completeness
    self.placement = placement
    self.allowsReshape = allowsReshape
  }

  /// Restores the variables that the checkpoint has, whose values have to fit.
  public static let partial = RestoreOptions(.partial)
  /// Restores the variables that the checkpoint has and whose values fit.
  public static let matching = RestoreOptions(.matching)
}
