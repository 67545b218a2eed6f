/// What a restore does with variables and values that do not fit.
public struct RestoreOptions: Sendable, Hashable {
  /// Which variables have to get a value.
  public enum Completeness: Sendable, Hashable {
    /// All of them, or nothing changes: the default.
    case all
    /// Those that the checkpoint has; the report lists the others. One that is there but does not
    /// fit is an error.
    case partial
    /// Those that the checkpoint has and that fit; the report lists the others.
    case matching
  }

  /// Where the values go while they are read.
  ///
  /// Whatever the placement, variables get the values of one checkpoint, never of two: if it goes away
  /// while it is read, the restore begins again with what is there then only as long as no variable has
  /// changed.
  public enum Placement: Sendable, Hashable {
    /// Into new memory, all of them, before the first variable changes: the default. If the
    /// checkpoint turns out to be damaged, nothing has changed. Takes as much memory again as the
    /// variables.
    case transactional
    /// Into new memory, a variable at a time: each changes once its tensor is read and checked.
    /// Takes as much memory again as the largest. The error for a damaged tensor says which
    /// variables have changed before.
    case replacing
    /// Into the variables' own memory, without a second copy, where they allow it. The error for a
    /// damaged tensor says which variable is undefined and which have changed before.
    case inPlace
    /// Nowhere: the variables get views of the mapped files, before the first one changes. A restore
    /// takes next to no time and no memory; the system reads what is used when it is used, and a
    /// variable's first change copies its values.
    ///
    /// Values that do not lie in the files as memory needs them are read, as in ``transactional``:
    /// strings, parts of partitioned variables, numbers in another byte order, tensors whose offset
    /// is no multiple of the size of their numbers (see ``SaveOptions/alignment``), and formats other
    /// than V2.
    ///
    /// - Parameter isChecked: Whether checksums are compared. That reads the files once, but copies
    ///   nothing. Without, damage in mapped values is not noticed.
    /// - Warning: The files have to stay as they are for as long as a variable has such values. If
    ///   somebody writes into them, the values change; if somebody makes them shorter, the process
    ///   ends when it touches what is gone (SIGBUS). Removing or replacing them by saving does no
    ///   harm: saving never writes into a file that is there.
    case mapped(isChecked: Bool = true)
  }

  /// Which variables have to get a value.
  public var completeness: Completeness
  /// Where the values go while they are read.
  public var placement: Placement
  /// Whether a tensor may be taken into a variable of another shape with as many elements.
  public var allowsReshape: Bool

  /// Creates options.
  public init(
    _ completeness: Completeness = .all, placement: Placement = .transactional,
    allowsReshape: Bool = false
  ) {
    self.completeness = completeness
    self.placement = placement
    self.allowsReshape = allowsReshape
  }

  /// Restores what the checkpoint has; what it has has to fit.
  public static let partial = RestoreOptions(.partial)
  /// Restores what the checkpoint has and what fits.
  public static let matching = RestoreOptions(.matching)
}
